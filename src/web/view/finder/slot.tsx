/** Slots of the finder and of what it leaves at the target, which load it when it is needed. */

import { ifPossible } from "../../../io/promises.ts";
import { useModelValue } from "../shell/context.tsx";
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
  const [, { open }] = useFinder();
  const module = useModule(finderModule, open !== undefined);
  if (open === undefined || module === undefined) return null;
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
