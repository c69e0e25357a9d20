/** Files that the finder offers without the server. */

import type { Candidate } from "../../core/finder/finder.ts";
import { shownName } from "../../core/model/people.ts";
import { filesOfItems, isIgnored } from "../../core/model/selectors.ts";
import type { FileView, Item, Model } from "../../core/model/state.ts";
import { targetTitle } from "../text/target-text.ts";

export interface FoundFile extends Candidate {
  readonly kind: "files";
  readonly target: string;
  readonly item: Item;
  readonly file: FileView;
}

/** Returns the files of loaded messages, the newest first. */
export function fileRows(model: Model): readonly FoundFile[] {
  const rows: FoundFile[] = [];
  for (const { target, tail } of model.rooms.values()) {
    for (const { item, file } of filesOfItems(tail.items)) {
      if (isIgnored(model, item.from)) continue;
      const from = item.from === undefined ? [] : [shownName(model, item.from)];
      const texts = [...from, targetTitle(model, target), item.text].filter((text) => text !== "");
      rows.push({ kind: "files", id: file.file, target, item, file, names: [file.name], texts });
    }
  }
  return rows.toSorted((a, b) => b.item.seq - a.item.seq);
}
