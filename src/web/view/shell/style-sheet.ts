/** Loader for style sheets of parts of the page. */

import { useLayoutEffect } from "react";

/** @returns whether the sheet is loaded: a page without its style is still of use */
export function addStyleSheet(href: string): Promise<boolean> {
  if (document.head.querySelector(`link[href="${href}"]`) !== null) return Promise.resolve(true);
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  return new Promise((resolve) => {
    link.onload = () => resolve(true);
    link.onerror = () => resolve(false);
    document.head.append(link);
  });
}

export function useStyleSheet(href: string): void {
  useLayoutEffect(() => {
    void addStyleSheet(href);
  }, [href]);
}
