import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSourceAt, PersonalDataReport } from "../../src/cli/files/sources.ts";
import { countPersonalData } from "../../src/client/files/personal-data.ts";
import { streamSource } from "../../src/io/file/source-stream.ts";
import { ENGLISH_TERMINAL } from "../../src/ui/messages/en/terminal.ts";
import { readableFile } from "../../src/web/browser/file-source.ts";
import { LocalFolder } from "../../src/web/browser/local-folder.ts";
import { jpegOf } from "../cli/screen/pictures/test-png.ts";
import { fakeContext } from "../commands/fake-world.ts";
import { phoneExif, withExif, withSegment } from "../core/client/exif.ts";
import { personalSamples } from "../core/client/personal-samples.ts";
import { Site } from "../server/site.ts";
import { tempFolder } from "../temp-folder.ts";
import { SOURCES } from "../ui/fault-sources.ts";
import { INTERFACES } from "../ui/parity/interfaces.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

/** Notes after `/send` of a photo without a location, and of two photos, or a folder, with one. */
async function notesIn(name: "line mode" | "full screen", sent: readonly string[], said: string) {
  const folder = tempFolder();
  const plain = await jpegOf(40, 30);
  const located = withExif(plain, phoneExif());
  writeFileSync(join(folder, "plain.jpg"), plain);
  for (const file of ["one.jpg", "two.jpg"]) writeFileSync(join(folder, file), located);
  mkdirSync(join(folder, "trip", "day"), { recursive: true });
  writeFileSync(join(folder, "trip", "day", "photo"), located);
  const site = await Site.open();
  const opened = await INTERFACES[name]?.(site);
  if (opened === undefined) return expect.unreachable();
  for (const file of sent) {
    await opened.type(`/send ${join(folder, file)}`);
    await site.until(
      "the file is read",
      () => opened.notes !== "" || file === "plain.jpg" || undefined,
    );
  }
  expect(opened.notes.match(/\S+ contains the location/g)).toEqual([said]);
}

async function notesOfFiles(name: "line mode" | "full screen"): Promise<void> {
  await notesIn(name, ["plain.jpg", "one.jpg", "two.jpg"], "one.jpg contains the location");
  await notesIn(name, ["plain.jpg", "trip"], "trip/day/photo contains the location");
}

/** Notices of the terminal about a pipe that yields the bytes in pieces. */
async function notesOfPipe(...pieces: readonly Uint8Array[]): Promise<readonly string[]> {
  const source = streamSource(new Blob(pieces as never).stream(), "stdin");
  const notes: string[] = [];
  await new PersonalDataReport().add(source, (text) => notes.push(text(ENGLISH_TERMINAL)));
  while ((await source.read(0)) === undefined) expect.unreachable();
  await new Promise(setImmediate);
  return notes;
}

async function namesInPipe(): Promise<void> {
  const plain = await jpegOf(40, 30);
  const located = withExif(plain, phoneExif());
  let far = located;
  for (let i = 0; i < 9; i++) far = withSegment(far, "other\0", Buffer.alloc(60_000));
  expect(await notesOfPipe(plain)).toEqual([]);
  expect(await notesOfPipe(located.subarray(0, 5), located.subarray(5))).toEqual([
    "stdin contains the location where it was taken",
  ]);
  expect(await notesOfPipe(far)).toEqual([
    "stdin may contain the location where it was taken",
    "stdin may contain the name of a person, such as its author",
  ]);
}

/** Notices of the terminal about the file at a path. */
async function notesOfPath(path: string): Promise<readonly string[]> {
  const { context } = fakeContext();
  const source = await openSourceAt(context, path);
  const notes: string[] = [];
  await new PersonalDataReport().add(source, (text) => notes.push(text(ENGLISH_TERMINAL)));
  source.close();
  return notes;
}

const WORDS = { has: "contains", "may have": "may contain", "has not": undefined } as const;

test("page and terminal find the same in each format", async () => {
  const folder = tempFolder();
  const wrong: string[] = [];
  for (const { name, bytes, data } of await personalSamples()) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const counts = await countPersonalData([readableFile(new File([bytes as never], name))]);
    const notes = await notesOfPath(path);
    const [place, person] = [WORDS[data.location], WORDS[data.name]];
    const expected = [
      ...(place === undefined ? [] : [`${name} ${place} the location where it was taken`]),
      ...(person === undefined
        ? []
        : [`${name} ${person} the name of a person, such as its author`]),
    ];
    const onPage = (["location", "name"] as const).map((kind) => {
      const { has, mayHave } = counts[kind];
      return has > 0 ? "has" : mayHave > 0 ? "may have" : "has not";
    });
    const isSame = Bun.deepEquals([notes, onPage], [expected, [data.location, data.name]]);
    if (!isSame) wrong.push(`${name}: ${onPage.join()}, ${notes.join()}`);
  }
  expect(wrong).toEqual([]);
});

async function countsInFolder(): Promise<void> {
  const plain = await jpegOf(40, 30);
  const located = withExif(plain, phoneExif());
  const files = [plain, located, located].map((bytes, i) =>
    Object.assign(new File([bytes as never], `${i}.jpg`), { webkitRelativePath: `trip/${i}.jpg` }),
  );
  expect((await LocalFolder.ofFiles(files)).personal.location).toEqual({ has: 2, mayHave: 0 });
}

function callersOf(call: RegExp, folder: string): readonly string[] {
  const callers = SOURCES.filter(({ path, code }) => path.startsWith(folder) && call.test(code));
  return callers.map(({ path }) => path).sort();
}

/**
 * The list of attached files names positions, so each file of the page must pass through it. The
 * desk sends pictures that the page has drawn, which have pixels alone.
 */
function sendsOnlyAttached(): void {
  expect(callersOf(/\bchat\.sendFiles\(/, "web/")).toEqual([
    ...["web/view/room/attached.ts", "web/view/room/desk.tsx"],
  ]);
  expect(callersOf(/\bchat\.upload\(/, "web/")).toEqual([]);
}

testRule("the location in a file is named before it leaves", "send a file", {
  "page: chosen": heldBy(
    "page/photos.test.ts",
    "sends originals unless the user chooses smaller photos",
  ),
  "page: pasted": sendsOnlyAttached,
  "page: dropped": sendsOnlyAttached,
  "page: camera": sendsOnlyAttached,
  "page: folder": countsInFolder,
  "page: shared by another app": exempt(
    "the page is no share target: other apps cannot send it files",
  ),
  "page: voice message": exempt("the page records it, and writes no location into it"),
  "full screen": () => notesOfFiles("full screen"),
  "line mode": () => notesOfFiles("line mode"),
  "send-file": heldBy("e2e/files.test.ts", "says once that photos contain their location"),
  "send-file of a folder": heldBy(
    "e2e/files.test.ts",
    "says once that photos contain their location",
  ),
  "piped send-file": namesInPipe,
  share: () => {
    const senders = callersOf(/\bopen(SourceAt|CopyAt|Sources)\(/, "").filter(
      (path) => !["cli/files/sources.ts", "commands/digest.ts"].includes(path),
    );
    expect(callersOf(/\bnew PersonalDataReport\(/, "")).toEqual(senders);
  },
  "second file": heldBy("e2e/files.test.ts", "says once that photos contain their location"),
  "encrypted room": exempt("it is named when the file is chosen, which no room changes"),
  conversation: exempt("it is named when the file is chosen, which no room changes"),
  thread: exempt("it is named when the file is chosen, which no room changes"),
});
