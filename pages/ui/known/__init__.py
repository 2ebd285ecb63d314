"""What pages know of the workspace, kept between reruns for all sessions."""
