import { expect, test } from "bun:test";
import { join } from "node:path";
import { until } from "../../../event.ts";

type Watch = (list: EventTarget, onChange: (isTouched: boolean) => void) => () => void;

/** Its types need those of a browser, which tests do not have. */
const MODULE = join(import.meta.dir, "../../../../src/web/view/shell/touch-scroll.ts");

test("a finger whose touch was cancelled scrolls the list again after a rest", async () => {
  const { watchTouchScroll } = (await import(MODULE)) as { readonly watchTouchScroll: Watch };
  const list = Object.assign(new EventTarget(), { contains: () => true });
  const changes: boolean[] = [];
  const stop = watchTouchScroll(list, (isTouched) => changes.push(isTouched));
  const fire = (kind: string) =>
    list.dispatchEvent(Object.assign(new Event(kind), { touches: [] as const }));
  for (const kind of ["touchstart", "touchmove", "touchcancel"]) fire(kind);
  await until("the list rests", () => changes.length === 2);
  fire("scroll");
  expect(changes).toEqual([true, false, true]);
  await until("the list rests again", () => changes.length === 4);
  // Another hand is at the wheel.
  fire("wheel");
  fire("scroll");
  expect(changes).toEqual([true, false, true, false]);
  stop();
});
