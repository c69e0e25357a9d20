/** Exports rooms into a folder: one file per room, and the shared files. */

import { join, relative, sep } from "node:path";
import { Fault } from "../../base/fault.ts";
import { uniqueFileNames } from "../../base/file-names.ts";
import { PICTURE_FETCHED_BYTES_MAX } from "../../base/limits-page.ts";
import { counted, formatSize } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import { pictureHeader } from "../../core/client/picture-header.ts";
import { isPictureName } from "../../core/client/picture-name.ts";
import { makePrivateFolder } from "../../io/disk/private-path.ts";
import { absolutePath } from "../../io/disk/working-folder.ts";
import { ENGLISH_TERMINAL } from "../../ui/messages/en/terminal.ts";
import { type Context, printNotice } from "../context.ts";
import type { Omissions } from "../files/omissions.ts";
import { concernsSingleFile, findExistingFile, PropertyReport } from "../files/receive-file.ts";
import { DamageReport, UnreadableCount } from "../output/damage.ts";
import { CounterLine } from "../output/progress.ts";
import { fileJson } from "../output/records.ts";
import {
  type DisplayFile,
  type DisplayRecord,
  displayFiles,
  type JsonOutput,
  recordJson,
  renderJson,
} from "../output/render.ts";
import { type ExportedFile, type PageTime, pageEnd, renderPage } from "./html.ts";
import { OutputFile } from "./output-file.ts";
import type { ExportRoom, ExportSource } from "./source.ts";

export interface ExportOptions {
  readonly out: string;
  readonly html: boolean;
  readonly files: boolean;
  readonly omissions: Omissions;
}

interface ExportResult {
  readonly records: number;
  readonly files: number;
  /** Files that an earlier run had saved; included in `files`. */
  readonly existing: number;
  readonly paths: readonly string[];
  /** First fault of a file that is not simply gone. */
  readonly failure: Fault | undefined;
  readonly damage: DamageReport;
  readonly unreadable: number;
}

/** Pages are built in memory, and browsers display larger pages slowly. */
const PAGE_RECORDS_MAX = 200_000;
const FILES = "files";
const PRIVATE = 0o077;

/** Faults of contents that were erased, or that this account cannot read. */
const GONE_CODES: ReadonlySet<string> = new Set(["file-unknown", "not-allowed"]);

export class Exporter {
  #records = 0;
  #failure: Fault | undefined;
  /** A picture that cannot be embedded is also missing among the files. */
  readonly #skipped = new Set<string>();
  readonly #saved = new Map<string, string | undefined>();
  #savedBytes = 0;
  #existingCount = 0;
  readonly #counter: CounterLine;
  readonly #damage = new DamageReport();
  readonly #properties = new PropertyReport();
  #roomCount = new UnreadableCount();

  constructor(
    private readonly context: Context,
    private readonly source: ExportSource,
    private readonly options: ExportOptions,
  ) {
    this.#counter = new CounterLine(context);
  }

  /**
   * @throws {Fault} usage if an output file exists with other content; store-…; any fault from the
   * source
   */
  async run(rooms: readonly ExportRoom[]): Promise<ExportResult> {
    // Exports contain other users' messages, so only this user may read the files.
    const umask = process.umask(PRIVATE);
    try {
      return await this.#run(rooms);
    } finally {
      process.umask(umask);
    }
  }

  async #run(rooms: readonly ExportRoom[]): Promise<ExportResult> {
    const { out, html } = this.options;
    makePrivateFolder(out);
    const extension = html ? "html" : "ndjson";
    const names = uniqueFileNames(rooms.map(({ name }) => `${name}.${extension}`));
    const outputs = rooms.map((room, i) => ({ room, path: join(out, names[i] ?? "") }));
    let unreadable = 0;
    for (const { room, path } of outputs) {
      this.#roomCount = new UnreadableCount();
      await this.#room(room, path);
      this.#counter.end();
      unreadable += this.#roomCount.unreadable;
      this.#reportRoom(room, this.#roomCount);
    }
    const files = [...this.#saved.values()].filter((path) => path !== undefined).length;
    const paths = outputs.map(({ path }) => path);
    const damage = this.#damage;
    const counts = { records: this.#records, files, existing: this.#existingCount, unreadable };
    return { ...counts, paths, failure: this.#failure, damage };
  }

  #reportRoom(room: ExportRoom, { records, unreadable, lacking, waiting }: UnreadableCount): void {
    const name = cleanText(room.name);
    const all = counted(records, "record");
    if (unreadable === 0) return printNotice(this.context, `${name}: ${all}`);
    const some = `${unreadable} of them encrypted and unreadable on this device`;
    printNotice(this.context, `${name}: ${all}, ${some}`);
    const lost = counted(lacking, "record");
    const reason = `${lost} encrypted for other devices; export on the device that received them`;
    for (const why of [...(lacking === 0 ? [] : [reason]), ...waiting])
      this.options.omissions.add({ path: name, reason: why });
  }

  async #room(room: ExportRoom, path: string): Promise<void> {
    const { offsetMinutes, clock } = this.context;
    const { timeZone: zone } = new Intl.DateTimeFormat().resolvedOptions();
    const made = { offsetMinutes, exportedUnixMs: clock.unixMs(), zone };
    const file = new OutputFile(path, {
      existing: "extend",
      tail: this.options.html ? pageEnd(made) : "",
    });
    try {
      if (this.options.html) await this.#page(room, file, made);
      else await this.#lines(room, file);
      file.finish();
    } finally {
      file.discard();
    }
  }

  async #lines(room: ExportRoom, file: OutputFile): Promise<void> {
    for await (const page of room.pages()) {
      for (const record of page) file.write(renderJson(await this.#line(record)));
      this.#count(room, page);
    }
  }

  async #line(record: DisplayRecord): Promise<JsonOutput> {
    const json = recordJson(record);
    if (record.kind !== "file") return json;
    const paths = new Map<string, string | undefined>();
    for (const file of displayFiles(record)) paths.set(file.id, await this.#save(file));
    const files = record.files.map((file) => ({ ...fileJson(file), path: paths.get(file.id) }));
    return { ...json, files };
  }

  async #page(room: ExportRoom, file: OutputFile, made: PageTime): Promise<void> {
    const allRecords: DisplayRecord[] = [];
    for await (const page of room.pages()) {
      allRecords.push(...page);
      this.#count(room, page);
      if (allRecords.length > PAGE_RECORDS_MAX) {
        const message = `'${room.title}' exceeds ${PAGE_RECORDS_MAX} records`;
        throw new Fault("too-large", message, { remedy: "export without --html" });
      }
    }
    const files = new Map<string, ExportedFile>();
    const budget = new PictureBudget();
    for (const file of allRecords.flatMap(displayFiles)) {
      const picture = await this.#picture(file, budget);
      files.set(keyOf(file), { picture, path: await this.#save(file) });
    }
    const page = renderPage(allRecords, {
      ...made,
      title: room.title,
      file: (file) => files.get(keyOf(file)),
    });
    for (const piece of page) file.write(piece);
  }

  async #save(record: DisplayFile): Promise<string | undefined> {
    const { files } = this.options;
    const out = absolutePath(this.options.out);
    if (!files) return undefined;
    if (this.#saved.has(record.id)) return this.#saved.get(record.id);
    let path: string | undefined;
    try {
      const folder = join(out, FILES);
      makePrivateFolder(folder);
      const { name, sizeBytes, digest } = record;
      // A folder's manifest is at the source, which therefore compares folders.
      const isFolder = record.folder !== undefined;
      const existing = isFolder
        ? undefined
        : await findExistingFile({ folder, name, sizeBytes, digest });
      const saved =
        existing === undefined
          ? await this.source.save(record, folder, (bytes) => {
              const done = formatSize(this.#savedBytes + bytes);
              this.#counter.update(
                () => `${counted(this.#saved.size, "file")} and ${done} saved …`,
              );
            })
          : { path: existing, notKept: [], isExisting: true };
      if (saved.isExisting) this.#existingCount += 1;
      this.#savedBytes += record.sizeBytes;
      path = relative(out, saved.path).split(sep).join("/");
      this.#properties.add({ name: record.name, notKept: saved.notKept }, (text) =>
        printNotice(this.context, text(ENGLISH_TERMINAL)),
      );
    } catch (error) {
      await this.#reportFailure(record, error);
    }
    this.#saved.set(record.id, path);
    return path;
  }

  async #picture(record: DisplayFile, budget: PictureBudget): Promise<string | undefined> {
    if (!budget.reserve(record)) return undefined;
    try {
      return budget.embed(await this.source.read(record));
    } catch (error) {
      await this.#reportFailure(record, error);
      return undefined;
    }
  }

  /** Continues after a fault that concerns only this file; throws all others. */
  async #reportFailure({ name, id }: DisplayFile, error: unknown): Promise<void> {
    if (!(error instanceof Fault)) throw error;
    if (!(await concernsSingleFile(error, join(this.options.out, FILES)))) throw error;
    if (this.#skipped.has(id)) return;
    this.#skipped.add(id);
    this.options.omissions.add({ path: name, reason: `${error.message} (${id})` });
    if (!GONE_CODES.has(error.code)) this.#failure ??= error;
  }

  #count(room: ExportRoom, records: readonly DisplayRecord[]): void {
    this.#records += records.length;
    this.#roomCount.add(records);
    this.#damage.add(records);
    this.#counter.update(() => `${cleanText(room.title)}: ${counted(this.#records, "record")} …`);
  }
}

function keyOf({ seq, id }: DisplayFile): string {
  return `${seq} ${id}`;
}

/** Base64 adds a third, so the page stays below 100 MB, which browsers can open. */
const PICTURES_BYTES_MAX = 64 * 1024 * 1024;
/** These pixels take 1 GB when decoded. */
const PICTURES_PIXELS_MAX = 256_000_000;

/** Selects the pictures to embed in an exported page. */
export class PictureBudget {
  #bytes = PICTURES_BYTES_MAX;
  #pixels = PICTURES_PIXELS_MAX;

  reserve({ name, sizeBytes, folder }: DisplayFile): boolean {
    if (folder !== undefined || !isPictureName(name)) return false;
    if (sizeBytes > Math.min(PICTURE_FETCHED_BYTES_MAX, this.#bytes)) return false;
    this.#bytes -= sizeBytes;
    return true;
  }

  embed(bytes: Uint8Array): string | undefined {
    const header = pictureHeader(bytes);
    if (header === undefined) return undefined;
    const { type, width, height } = header;
    if (width * height > this.#pixels) return undefined;
    this.#pixels -= width * height;
    return `data:image/${type};base64,${Buffer.from(bytes).toString("base64")}`;
  }
}
