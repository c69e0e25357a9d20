/** Height of the page above an on-screen keyboard. */

import { useEffect } from "react";
import { listen } from "./effects.ts";

/** Less is the browser's own bar. */
const KEYBOARD_PX_MIN = 100;

/** Browsers that ignore `interactive-widget`, as on iOS, lay the keyboard over the page. */
export function useVisibleHeight(): void {
  useEffect(() => {
    const viewport = visualViewport;
    const { style, dataset } = document.documentElement;
    if (viewport === null) return;
    const fit = () => {
      const { scale, height, offsetTop } = viewport;
      const keyboardPx = document.documentElement.clientHeight - height;
      const isZoomed = scale > 1.01; // Then the page keeps its size and the finger moves it.
      if (isZoomed) dataset["zoomed"] = "";
      else delete dataset["zoomed"];
      if (isZoomed || keyboardPx < KEYBOARD_PX_MIN) {
        for (const name of ["top", "bottom"]) style.removeProperty(`--covered-${name}`);
      } else {
        style.setProperty("--covered-top", `${offsetTop}px`);
        style.setProperty("--covered-bottom", `${keyboardPx - offsetTop}px`);
      }
    };
    return listen(viewport, "resize scroll", fit);
  }, []);
}
