/** Slots of the finder and of what it leaves at the target, which load it when it is needed. */

import { useEffect } from "react";
import { ifPossible } from "../../../io/promises.ts";
import { useModelValue, usePage } from "../shell/context.tsx";
import { listen, whenSettled } from "../shell/effects.ts";
import { LazyModule, useModule } from "../shell/lazy.ts";
import { addStyleSheet } from "../shell/style-sheet.ts";
import { type FinderProps, useFinder } from "./store.ts";

const finderModule = new LazyModule(async () => {
  const { FinderPanel, FoundFoot, finderSheets } = await import("./finder.tsx");
  await Promise.all(finderSheets.map(addStyleSheet));
  return { FinderPanel, FoundFoot };
});

/** Loads the finder before it is opened, such as when the pointer is over its field. */
export function preloadFinder(): void {
  void ifPossible(finderModule.fetch()); // Opening it loads it again.
}

export function FinderSlot(props: FinderProps) {
  const [store, { open }] = useFinder();
  const { fail } = usePage();
  // Not while the page starts, but before the connection may be lost.
  useEffect(() => listen(window, "keydown pointerdown", preloadFinder, { once: true }), []);
  const isOpen = open !== undefined;
  const isLoaded = finderModule.loaded !== undefined;
  const module = useModule(finderModule, isOpen);
  useEffect(() => {
    if (!isOpen || isLoaded) return undefined;
    const onError = (error: unknown) => {
      store.set({ open: undefined });
      fail(error);
    };
    return whenSettled(finderModule.fetch(), () => undefined, onError);
  }, [isOpen, isLoaded, store, fail]);
  if (!isOpen || module === undefined) return null;
  return <module.FinderPanel {...props} />;
}

/** Walk through the results and undoing an action, at the foot of the conversation. */
export function FoundSlot({ onJump }: Pick<FinderProps, "onJump">) {
  const [, { walk, done }] = useFinder();
  const isNeeded = walk !== undefined || done !== undefined;
  const module = useModule(finderModule, isNeeded);
  const target = useModelValue((model) => model.open);
  if (!isNeeded || module === undefined) return null;
  return <module.FoundFoot target={target} onJump={onJump} />;
}
