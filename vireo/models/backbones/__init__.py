"""Published networks that rewards and measures compare clips, pictures and texts with; `registry` opens them by
kind."""
