/** Loads the dashboard's style sheet on demand. */

import { useLayoutEffect } from "react";

/** Adds a style sheet that the first screen does not need, and never removes it. */
export function useStyleSheet(href: string): void {
  useLayoutEffect(() => {
    if (document.head.querySelector(`link[href="${href}"]`) !== null) return;
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    document.head.append(link);
  }, [href]);
}
