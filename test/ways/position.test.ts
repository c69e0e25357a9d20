import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jpegOf } from "../cli/screen/pictures/test-png.ts";
import { phoneExif, withExif } from "../core/client/exif.ts";
import { Site } from "../server/site.ts";
import { tempFolder } from "../temp-folder.ts";
import { SOURCES } from "../ui/fault-sources.ts";
import { INTERFACES } from "../ui/parity/interfaces.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

/** Notes after `/send` of a photo without a position, and of two photos with one. */
async function notesIn(name: "line mode" | "full screen"): Promise<void> {
  const folder = tempFolder();
  const plain = await jpegOf(40, 30);
  const located = withExif(plain, phoneExif());
  writeFileSync(join(folder, "plain.jpg"), plain);
  for (const file of ["one.jpg", "two.jpg"]) writeFileSync(join(folder, file), located);
  const site = await Site.open();
  const opened = await INTERFACES[name]?.(site);
  if (opened === undefined) return expect.unreachable();
  for (const file of ["plain.jpg", "one.jpg", "two.jpg"]) {
    await opened.type(`/send ${join(folder, file)}`);
    await site.until(
      "the file is read",
      () => opened.notes !== "" || file === "plain.jpg" || undefined,
    );
  }
  expect(opened.notes.match(/\S+ contains the location/g)).toEqual([
    "one.jpg contains the location",
  ]);
}

function callersOf(call: RegExp, folder: string): readonly string[] {
  const callers = SOURCES.filter(({ path, code }) => path.startsWith(folder) && call.test(code));
  return callers.map(({ path }) => path).sort();
}

/** The list of attached files names positions, so each file of the page must pass through it. */
function sendsOnlyAttached(): void {
  expect(callersOf(/\bchat\.upload\(/, "web/")).toEqual([
    "web/view/room/attached.ts",
    "web/view/room/composer.tsx", // voice messages
  ]);
}

const IN_FOLDER = "docs/files.md says that photos inside a folder are not examined";

testRule("the location in a photo is named before it leaves", "send a file", {
  "page: chosen": heldBy(
    "page/photos.test.ts",
    "sends originals unless the user chooses smaller photos",
  ),
  "page: pasted": sendsOnlyAttached,
  "page: dropped": sendsOnlyAttached,
  "page: camera": sendsOnlyAttached,
  "page: folder": exempt(IN_FOLDER),
  "page: shared by another app": exempt(
    "the page is no share target: other apps cannot send it files",
  ),
  "page: voice message": exempt("the page records it, and writes no location into it"),
  "full screen": () => notesIn("full screen"),
  "line mode": () => notesIn("line mode"),
  "send-file": heldBy("e2e/files.test.ts", "says once that photos contain their location"),
  "send-file of a folder": exempt(IN_FOLDER),
  "piped send-file": exempt("a pipe is sent as it arrives, without a look at its content"),
  share: () => {
    const senders = callersOf(/\bopenSourceAt\(/, "").filter(
      (path) => !["cli/files/sources.ts", "commands/digest.ts"].includes(path),
    );
    expect(callersOf(/\bnew PositionReport\(/, "")).toEqual(senders);
  },
  "second file": heldBy("e2e/files.test.ts", "says once that photos contain their location"),
  "encrypted room": exempt("it is named when the file is chosen, which no room changes"),
  conversation: exempt("it is named when the file is chosen, which no room changes"),
  thread: exempt("it is named when the file is chosen, which no room changes"),
});
