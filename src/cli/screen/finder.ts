/** Server requests of the finder, and the search in the loaded messages. */

import { ignoreFault } from "../../base/fault.ts";
import {
  FINDER_PAUSE_MS,
  FINDER_WARM_MESSAGES,
  PREVIEWED_TEXT_BYTES_MAX,
  PREVIEWED_TEXTS_MAX,
} from "../../base/limits-screen.ts";
import { decodeTextFile, TEXT_ENCODINGS } from "../../core/client/text-encoding.ts";
import { setNewest } from "../../core/evict.ts";
import { MessageFinder } from "../../core/finder/messages.ts";
import type { FileView, SearchQuery } from "../../core/model/state.ts";
import type { Clock } from "../../io/clock.ts";
import type { Chat } from "../../ui/command.ts";
import { type FileTexts, FinderCache, isSameSearch, type JoinableRoom } from "./state/finder.ts";

export interface ScreenFinderOptions {
  readonly clock: Pick<Clock, "after">;
  readonly chat: Chat;
  /** Resolves to `undefined` if the file cannot be loaded. */
  readonly fetch: (file: FileView, signal: AbortSignal) => Promise<Uint8Array | undefined>;
  /** Locale of the reader, which tells the old encoding of text files. */
  readonly language: string;
  readonly onChange: () => void;
}

export class ScreenFinder {
  readonly messages = new MessageFinder();
  readonly cache = new FinderCache();
  joinable: readonly JoinableRoom[] = [];
  /** Replaced with each change. */
  fileTexts: FileTexts = new Map();
  #previewed: string | undefined;
  #stopPreview = new AbortController();
  #cancelSearch: (() => void) | undefined;
  #cancelWarming: (() => void) | undefined;

  constructor(private readonly options: ScreenFinderOptions) {}

  /** Searches after a pause in typing, unless the results are known. */
  find(query: SearchQuery | undefined): void {
    const { clock, chat } = this.options;
    this.#cancelSearch?.();
    this.#cancelSearch = undefined;
    if (query === undefined) return;
    const { search } = chat.model;
    if (isSameSearch(search, query) && search?.fault === undefined) return;
    this.#cancelSearch = clock.after(FINDER_PAUSE_MS, () => chat.actions.search(query));
  }

  /** Loads the rooms that the user may join, which the next letter finds. */
  prepare(): void {
    const { chat } = this.options;
    this.#warm();
    if (chat.model.connection.kind !== "online") return;
    chat.request("rooms", {}).then(({ rooms }) => {
      this.joinable = rooms
        .filter(({ joined }) => !joined)
        .map(({ room, topic }) => ({ room, topic: topic ?? "" }));
    }, ignoreFault);
  }

  /** Loads the text of the file whose preview is on the screen, after a pause. */
  preview(file: FileView | undefined): void {
    if (this.#previewed === file?.file) return;
    this.#previewed = file?.file;
    this.#stopPreview.abort();
    this.#stopPreview = new AbortController();
    if (file === undefined || this.fileTexts.has(file.file)) return;
    if (file.folder !== undefined || file.size > PREVIEWED_TEXT_BYTES_MAX) return;
    const { signal } = this.#stopPreview;
    const cancel = this.options.clock.after(FINDER_PAUSE_MS, () => {
      this.#loadText(file, signal).catch(ignoreFault);
    });
    signal.addEventListener("abort", cancel);
  }

  async #loadText(file: FileView, signal: AbortSignal): Promise<void> {
    const bytes = await this.options.fetch(file, signal);
    if (bytes === undefined || signal.aborted) return;
    const texts = new Map(this.fileTexts);
    setNewest(texts, file.file, textOf(bytes, this.options.language) ?? "", PREVIEWED_TEXTS_MAX);
    this.fileTexts = texts;
    this.options.onChange();
  }

  end(): void {
    this.#stopPreview.abort();
    this.#cancelSearch?.();
    this.#cancelWarming?.();
  }

  #warm(): void {
    const { clock, chat } = this.options;
    this.#cancelWarming?.();
    this.#cancelWarming = clock.after(0, () => {
      if (this.messages.warm(chat.model, FINDER_WARM_MESSAGES)) this.#warm();
    });
  }
}

/**
 * Returns the text, below the name of its encoding if that is not UTF-8.
 * @returns `undefined` if the bytes are no text
 */
function textOf(bytes: Uint8Array, language: string): string | undefined {
  const decoded = decodeTextFile(bytes, { language });
  if (decoded === undefined || decoded.encoding === "utf-8") return decoded?.text;
  return `[${TEXT_ENCODINGS[decoded.encoding]}]\n${decoded.text}`;
}
