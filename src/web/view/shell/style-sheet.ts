/** Loader for style sheets of parts of the page. */

import { useLayoutEffect } from "react";

/** @returns after the sheet is loaded, or has failed: a page without its style is still of use */
export function addStyleSheet(href: string): Promise<void> {
  if (document.head.querySelector(`link[href="${href}"]`) !== null) return Promise.resolve();
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  return new Promise((resolve) => {
    link.onload = link.onerror = () => resolve();
    document.head.append(link);
  });
}

export function useStyleSheet(href: string): void {
  useLayoutEffect(() => {
    void addStyleSheet(href);
  }, [href]);
}
