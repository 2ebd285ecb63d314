"""What commands share: how they print, open, ask and take their options."""
