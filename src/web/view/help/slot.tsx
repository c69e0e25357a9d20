/** Slot of the help, which loads it when it is needed. */

import { useSyncExternalStore } from "react";
import { type HelpView, helpOf } from "../../input/help-view.ts";
import { usePage } from "../shell/context.tsx";
import { LazyModule, useModule } from "../shell/lazy.ts";
import { usePreload } from "../shell/preload.ts";
import { addStyleSheet } from "../shell/style-sheet.ts";
import type { HelpPlaceProps } from "./help-place.tsx";

const helpModule = new LazyModule(async () => {
  const { HelpPlace, helpSheet } = await import("./help-place.tsx");
  await addStyleSheet(helpSheet);
  return { HelpPlace };
});

/** Returns the open part of the help; `undefined` while it is closed. */
export function useHelpView(): HelpView | undefined {
  const help = helpOf(usePage());
  return useSyncExternalStore(help.subscribe, () => help.view);
}

export function HelpSlot(props: Omit<HelpPlaceProps, "view">) {
  const page = usePage();
  const help = helpOf(page);
  const view = useHelpView();
  usePreload(helpModule);
  const module = useModule(helpModule, view !== undefined, (fault) => {
    help.close();
    page.fail(fault);
  });
  if (view === undefined) return null;
  // Covers the room at once, so that nothing moves when the part arrives.
  if (module === undefined) return <main className="main" id="messages" tabIndex={-1} />;
  return <module.HelpPlace {...props} view={view} />;
}
