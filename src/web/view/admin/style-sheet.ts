/** Loader for the dashboard's style sheet. */

import { useLayoutEffect } from "react";

export function useStyleSheet(href: string): void {
  useLayoutEffect(() => {
    if (document.head.querySelector(`link[href="${href}"]`) !== null) return;
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    document.head.append(link);
  }, [href]);
}
