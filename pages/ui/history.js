// Going back undoes one step of the user. Streamlit replaces the browser's entry when a widget changes the address, and
// adds one whenever a script does, also to fill in what the address left out, and that before the path has changed.
// Here the first change of the query after the user did something adds an entry; what follows from it, and what no user
// did, replaces it; and on the way to another page nothing is written before that page's path.
if (!window.oneStepOneEntry) {
  window.oneStepOneEntry = true;
  const add = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let acted = false;
  let leaving = false;
  const write = (state, title, url) => {
    const target = new URL(url ?? location.href, location.href);
    const elsewhere = target.pathname !== location.pathname;
    if (leaving && !elsewhere) return;
    const step = elsewhere || (acted && target.search !== location.search);
    (step ? add : replace)(state, title, url);
    if (step) acted = leaving = false;
  };
  history.pushState = write;
  history.replaceState = write;
  const act = (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    leaving = link !== null && link.target !== "_blank" && link.pathname !== location.pathname;
    acted = !leaving;
  };
  for (const input of ["pointerdown", "keydown", "drop"]) window.addEventListener(input, act, true);
  window.addEventListener("popstate", () => (acted = leaving = false), true);
}
