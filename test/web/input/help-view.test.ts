import { expect, test } from "bun:test";
import { HELP_EN } from "../../../src/ui/help/en.ts";
import { helpEntries } from "../../../src/ui/help/help.ts";
import { HelpStore, helpAddress, readHelpRoute } from "../../../src/web/input/help-view.ts";

function opened(hash: string): HelpStore {
  const help = new HelpStore();
  help.follow(readHelpRoute(hash) ?? "");
  return help;
}

test("an address opens a question or a tab, and is its address again", () => {
  const hashes = [...helpEntries(HELP_EN).map(({ id }) => `#help/${id}`), "#help/keys", "#help"];
  for (const hash of hashes) {
    const { view } = opened(hash);
    expect(view && helpAddress(view)).toBe(hash);
  }
  for (const hash of ["#helper", "#/help", "#help/a/b"])
    expect(readHelpRoute(hash)).toBeUndefined();
  expect(opened("#help/experts").view).toEqual({ tab: "experts", question: "", topic: "" });
});

test("listeners learn of each change until they leave", () => {
  const help = new HelpStore();
  const seen: unknown[] = [];
  const leave = help.subscribe(() => seen.push(help.view?.question));
  help.open({ question: "hand" });
  help.close();
  help.close();
  leave();
  help.open();
  expect(seen).toEqual(["hand", undefined]);
});
