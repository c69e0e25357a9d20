import { expect, test } from "bun:test";
import { FinderStore } from "../../../../src/web/view/finder/store.ts";

test("an act that is done again is another one, so that it can be undone for as long", () => {
  const store = new FinderStore();
  const act = { text: "volcano is muted", undo: () => undefined };
  store.finish(act);
  const first = store.state.done;
  store.finish(act);
  expect(store.state.done).toMatchObject(act);
  expect(store.state.done?.id).not.toBe(first?.id as number);
});
