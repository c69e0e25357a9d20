/** Slots of the finder and of what it leaves at the target, which load it when it is needed. */

import { ifPossible } from "../../../io/promises.ts";
import { useModelValue, usePage } from "../shell/context.tsx";
import { LazyModule, useModule } from "../shell/lazy.ts";
import { usePreload } from "../shell/preload.ts";
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
  usePreload(finderModule);
  const isOpen = open !== undefined;
  const module = useModule(finderModule, isOpen, (fault) => {
    store.set({ open: undefined });
    fail(fault);
  });
  if (!isOpen || module === undefined) return null;
  return <module.FinderPanel {...props} />;
}

interface FoundSlotProps extends Pick<FinderProps, "onJump"> {
  /** Whether another place covers the conversation, where nobody walks. */
  readonly isCovered?: boolean;
}

/** Walk through the results and undoing an action, at the foot of the conversation. */
export function FoundSlot({ onJump, isCovered = false }: FoundSlotProps) {
  const [, { walk, done }] = useFinder();
  const isNeeded = (walk !== undefined && !isCovered) || done !== undefined;
  const module = useModule(finderModule, isNeeded);
  const target = useModelValue((model) => model.open);
  if (!isNeeded || module === undefined) return null;
  return <module.FoundFoot target={target} onJump={onJump} isCovered={isCovered} />;
}
