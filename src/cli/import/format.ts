/** Detects the format of an import. */

import { basename as baseName } from "node:path";
import type { Fields } from "../../base/json-fields.ts";
import { quoteText } from "../../base/text.ts";
import { isDiscord, isDiscordStart, readDiscord } from "./discord.ts";
import { type ParsedFile, type ReadOptions, unknownFormat } from "./entry.ts";
import { jsonLinesIn, type LinesFile } from "./json.ts";
import { readMattermost } from "./mattermost.ts";
import { readRecords } from "./records.ts";
import { isSlack, readSlack } from "./slack.ts";
import {
  type ExportTree,
  fileBytes,
  folderTree,
  jsonFile,
  pathType,
  utf8Bytes,
  withLinks,
  zipTree,
} from "./source.ts";

const DETECTION_LINES_MAX = 50;

/**
 * @param piped content of the path if it is a pipe, which can be read only once
 * @throws {Fault} usage if the format is unknown; not-found, too-large, store-…
 */
export function* readImport(path: string, options: ReadOptions, piped?: Uint8Array): Reading {
  const tree = pathType(path) === "folder" ? folderTree(path) : zipTree(piped ?? path);
  if (tree !== undefined) return yield* readTree(tree, path, options);
  return yield* readFile(path, utf8Bytes(piped ?? fileBytes(path), path), options);
}

/** Yields often, so that its caller can notice a signal. */
type Reading = Generator<void, ParsedFile>;

function* readTree(tree: ExportTree, path: string, options: ReadOptions): Reading {
  const read = yield* treeReader(tree);
  if (read === undefined) throw unknownFormat(quoteText(path));
  return withLinks(yield* read(options), tree);
}

/** @returns `undefined` for an unknown format */
function* treeReader(
  tree: ExportTree,
): Generator<void, ((options: ReadOptions) => Reading) | undefined> {
  const filesAt = (paths: readonly string[]): LinesFile[] =>
    paths.map((path) => {
      return { path: paths.length === 1 ? "" : path, read: () => utf8Bytes(tree.read(path), path) };
    });
  const bulk = tree.paths.filter((path) => isBulkExport(tree, path));
  if (bulk.length > 0) return (options) => readMattermost(filesAt(bulk), options);
  const records = tree.paths.filter((path) => /\.ndjson$/i.test(path));
  if (records.length > 0) return (options) => readRecords(filesAt(records), options);
  if (isSlack(tree)) return (options) => readSlack(tree, options);
  for (const path of tree.paths) {
    yield;
    if (isDiscordFile(tree, path)) return (options) => readDiscord(tree, options);
  }
  return undefined;
}

function isBulkExport(tree: ExportTree, path: string): boolean {
  if (!/\.jsonl$/i.test(path)) return false;
  const [first] = jsonLinesIn(utf8Bytes(tree.read(path), path));
  return isBulkVersion(first?.object);
}

function isDiscordFile(tree: ExportTree, path: string): boolean {
  return /\.json$/i.test(path) && isDiscord(jsonFile(tree, path));
}

function isBulkVersion(line: Fields | undefined): boolean {
  return line?.["type"] === "version";
}

function* readFile(path: string, bytes: Uint8Array, options: ReadOptions): Reading {
  let linesChecked = 0;
  for (const { text, object } of jsonLinesIn(bytes)) {
    if (linesChecked === 0 && text.startsWith("{")) {
      const tree = { paths: [baseName(path)], read: () => bytes };
      if (object?.["kind"] === undefined && isDiscordStart(bytes)) {
        return yield* readDiscord(tree, options);
      }
    }
    if (object !== undefined && typeof object["kind"] === "string") {
      return yield* readRecords([{ path: "", read: () => bytes }], options);
    }
    if (isBulkVersion(object)) {
      return yield* readMattermost([{ path: "", read: () => bytes }], options);
    }
    if (++linesChecked === DETECTION_LINES_MAX) break;
  }
  throw unknownFormat(quoteText(path));
}
