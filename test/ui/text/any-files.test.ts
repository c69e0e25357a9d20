/** Every reader of messages accepts each list of files, valid or not. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { foldCase } from "../../../src/base/case-fold.ts";
import { FILE_ID_LENGTH, FILES_PER_POST_MAX } from "../../../src/base/limits.ts";
import { foldWords } from "../../../src/base/word-fold.ts";
import { renderPage } from "../../../src/cli/export/html.ts";
import { displayBody } from "../../../src/cli/output/records.ts";
import {
  type DisplayRecord,
  displayFileJson,
  displayFiles,
  renderJson,
  renderRecord,
} from "../../../src/cli/output/render.ts";
import { openedRecord, readSealedFiles } from "../../../src/client/sealed/body.ts";
import { bodyMatcher, namesOfFiles } from "../../../src/core/client/grep.ts";
import { renderIrcRecord } from "../../../src/core/irc/render.ts";
import { itemOf } from "../../../src/core/model/item.ts";
import { filesIn } from "../../../src/core/rooms/files.ts";
import { lineMatcher } from "../../../src/io/disk/search-worker.ts";
import { briefText, quotedText } from "../../../src/ui/text/event-text.ts";
import { timesIn } from "../../../src/ui/text/times.ts";
import { loadTexts } from "../../../src/web/browser/texts.ts";
import { ANY_CHARACTER } from "../../any-character.ts";
import { createScene, frameOf, propsOf } from "../../cli/screen/view/scenes.ts";
import { ircServer } from "../../core/irc/irc-server.ts";
import { record } from "../../core/model-scene.ts";
import { sampleSize } from "../../samples.ts";

const id = fc.nat(50).map((number) => `f${String(number).padStart(FILE_ID_LENGTH - 1, "0")}`);
const digest = fc.constantFrom("0a".repeat(32), "0b".repeat(32));
const name = fc.string({ unit: ANY_CHARACTER, minLength: 1 });
const details = fc.record(
  { durationMs: fc.nat(), peaks: fc.constantFrom("0f", "x"), mode: fc.nat() },
  { requiredKeys: [] },
);
const folder = fc.record({ entries: fc.nat(), manifestBytes: fc.nat() });
const preview = fc.record({ file: id, size: fc.nat(), digest, width: fc.nat(), height: fc.nat() });
const valid = fc.record(
  { file: id, name, size: fc.nat(99), chunks: fc.constant(1), digest, details, folder, preview },
  { requiredKeys: ["file", "name", "size", "chunks", "digest"] },
);
const entry = fc.oneof({ weight: 3, arbitrary: valid }, fc.anything());
const files = fc.array(entry, { maxLength: 40, size: "max" });
const body = fc.record(
  { text: fc.oneof(name, fc.anything()), files: fc.oneof(files, fc.anything()) },
  { requiredKeys: ["files"] },
);

const IRC_SERVER = ircServer();
const SECRETS = { key: "secret", prefix: "secret", root: "secret", chunk: "secret" };
const texts = await loadTexts("en");
const times = timesIn(texts);
const style = { color: true, offsetMinutes: () => 0, me: "ben", stamp: "date" } as const;

test("each list of files is read by every reader of messages", () =>
  fc.assert(
    fc.property(body, (drawn) => {
      const message = JSON.parse(JSON.stringify(drawn)) as Record<string, unknown>;
      const listed = filesIn(message);
      expect(listed.length).toBeLessThanOrEqual(FILES_PER_POST_MAX);
      expect(new Set(listed.map((file) => file.file)).size).toBe(listed.length);
      const chatRecord = record(5, { kind: "file", body: message });
      const item = itemOf(chatRecord, "ana", () => false);
      expect(item.files.map((file) => file.name)).toEqual(listed.map((file) => file.name));
      briefText(item, texts, times);
      quotedText(item, 100);
      const displayed = displayBody({ ...chatRecord, from: "ana" });
      const shown = {
        destination: { room: "lobby" },
        timeUnixMs: 0,
        ...displayed,
      } as DisplayRecord;
      for (const format of ["text", "tsv", "json"] as const) {
        renderRecord(shown, { ...style, format });
      }
      const lines = displayFiles(shown).map((file) => renderJson(displayFileJson(file)));
      expect(lines).toHaveLength(listed.length);
      const page = { offsetMinutes: () => 0, exportedUnixMs: 0, zone: "UTC", title: "lobby" };
      Array.from(renderPage([shown], { ...page, file: () => undefined }));
      const rendering = { server: IRC_SERVER, caps: 0, to: "#lobby", reader: "ana" };
      for (const { params } of renderIrcRecord(chatRecord, rendering)) {
        expect(params.join(" ")).not.toMatch(/[\r\n\0]/);
      }
      const grep = namesOfFiles(message).at(-1) ?? "x";
      if (grep === "") return;
      const matcher = lineMatcher({ grep, limit: 1, bytesMax: 1 }, { foldCase, foldWords });
      expect(matcher.matchesBody(message)).toBe(bodyMatcher({ grep })?.(message) ?? true);
    }),
    { numRuns: sampleSize(300, 20_000) },
  ));

test("each list of files is drawn by the full screen", () =>
  fc.assert(
    fc.property(body, (drawn) => {
      const message = JSON.parse(JSON.stringify(drawn)) as object;
      const scene = createScene().record({ kind: "file", from: "ben", body: { ...message } });
      const model = scene.apply({ kind: "open", target: "lobby" }).model();
      const { lines } = frameOf(propsOf(model, { columns: 80, rows: 24 }));
      expect(lines).toHaveLength(24);
    }),
    { numRuns: sampleSize(50, 2_000) },
  ));

test("each list of files in an encrypted message is read or refused", () =>
  fc.assert(
    fc.property(body, (drawn) => {
      const message = JSON.parse(JSON.stringify(drawn)) as Record<string, unknown>;
      for (const file of Array.isArray(message["files"]) ? message["files"] : [])
        if (typeof file === "object" && file !== null) Object.assign(file, SECRETS);
      readSealedFiles(message);
      const content = { kind: "said", user: "ana", device: "d", sentAtUnixMs: 0 } as const;
      const row = { ...content, body: { kind: "file", ...message } };
      const opened = openedRecord(record(5, { kind: "sealed", body: {} }), row as never);
      expect(JSON.stringify(opened.body)).not.toMatch(/"(?:key|prefix|root|chunk)":"secret"/);
    }),
    { numRuns: sampleSize(300, 20_000) },
  ));
