import { useLayoutEffect } from "react";

/** Rules that the first screen does not need: fetched once, and kept. @param href of our server */
export function useSheet(href: string): void {
  useLayoutEffect(() => {
    if (document.head.querySelector(`link[href="${href}"]`) !== null) return;
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    document.head.append(link);
  }, [href]);
}
