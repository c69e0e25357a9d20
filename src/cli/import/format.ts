/** Detects the format of an import. */

import { quoteText } from "../../base/text.ts";
import { isZip } from "../zip.ts";
import {
  fieldsOf,
  jsonOf,
  linesIn,
  type ParsedFile,
  type ReadOptions,
  unknownFormat,
} from "./entry.ts";
import { readMattermost } from "./mattermost.ts";
import { readRecords } from "./records.ts";
import { isSlack, readSlack } from "./slack.ts";
import { fileBytes, folderTree, isFolder, zipTree } from "./source.ts";

const DETECTION_LINES_MAX = 50;

/**
 * @param piped content of the path if it is a pipe
 * @throws {Fault} usage if the format is unknown; not-found, too-large, store-…
 */
export function readImport(path: string, options: ReadOptions, piped?: Uint8Array): ParsedFile {
  const { channel } = options;
  const bytes = piped ?? (isFolder(path) ? undefined : fileBytes(path));
  if (bytes === undefined || isZip(bytes)) {
    const tree = bytes === undefined ? folderTree(path) : zipTree(bytes);
    if (!isSlack(tree)) throw unknownFormat(quoteText(path));
    return readSlack(tree, channel);
  }
  let linesChecked = 0;
  for (const { text } of linesIn(bytes)) {
    if (text.trim() === "") continue;
    const object = fieldsOf(jsonOf(text));
    if (object !== undefined && typeof object["kind"] === "string") return readRecords(bytes);
    if (object?.["type"] === "version") return readMattermost(bytes, channel);
    if (++linesChecked === DETECTION_LINES_MAX) break;
  }
  throw unknownFormat(quoteText(path));
}
