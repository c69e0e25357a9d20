/** Loads and encodes visible pictures. */

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { assert } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import {
  PICTURE_FILE_BYTES_MAX,
  PICTURE_PATHS_MAX,
  PICTURES_CACHED_MAX,
} from "../../base/limits-screen.ts";
import type { Hashing } from "../../client/files/hashing.ts";
import { isPictureName, isSmallPicture } from "../../core/client/picture-name.ts";
import type { FileBody } from "../../core/rooms/files.ts";
import { Digest } from "../../wire/chunks.ts";
import { PICTURE_NUMBERS_MAX, type PictureSizes, pictureId } from "./pictures/cells.ts";
import { drawPicture, drawSixel, type ScaledPicture } from "./pictures/drawing.ts";
import {
  CELL_QUERY,
  isMultiplexed,
  itermPicture,
  KITTY_ABORT,
  kittyOf,
  kittyPieces,
  PICTURE_QUERY,
  type PictureTerminal,
  pictureTerminal,
  removeKitty,
  wrapForTmux,
} from "./pictures/protocol.ts";
import type { PictureBox, ScreenSettings } from "./state/screen-state.ts";
import type { PicturePainter } from "./terminal/picture-layer.ts";
import type { TerminalScreen } from "./terminal/screen.ts";

export type PictureSettings = Pick<ScreenSettings, "pictures" | "fetchPictures">;

interface VisiblePicturesOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hashing: Hashing;
  readonly screen: Pick<TerminalScreen, "ask" | "showPictures" | "drawReadyPictures" | "size">;
  readonly paths: PicturePaths;
  readonly settings: PictureSettings;
  /** Random number below PICTURE_FAMILIES, contained in all picture ids of this process. */
  readonly family: number;
  readonly fetch: (file: FileBody, signal: AbortSignal) => Promise<Uint8Array | undefined>;
  readonly onChange: () => void;
}

interface LoadedPicture {
  readonly id: number;
  readonly drawn: ScaledPicture;
  /** Sixel data for the last requested size. `text` is `undefined` during encoding. */
  sixel: { readonly box: PictureBox; readonly text: string | undefined } | undefined;
}

const FAILED_MAX = 1_000;

/** The terminal's picture support is queried when a picture first becomes visible. */
export class VisiblePictures {
  readonly #stop = new AbortController();
  #settings: PictureSettings;
  #terminal: PictureTerminal | undefined;
  #isQuerying = false;
  /** Keyed by file; the most recently visible picture is last. At most PICTURES_CACHED_MAX. */
  readonly #loaded = new Map<string, LoadedPicture>();
  readonly #failed = new Set<string>();
  #sizes: PictureSizes = new Map();
  #visible: readonly FileBody[] = [];
  #isBusy = false;
  /**
   * Incremented when all encoded pictures become invalid, so that earlier tasks discard their
   * results.
   */
  #generation = 0;
  #lastNumber = 0;

  constructor(private readonly options: VisiblePicturesOptions) {
    this.#settings = options.settings;
  }

  /** Keyed by file. Each change creates a new map. */
  get sizes(): PictureSizes {
    return this.#sizes;
  }

  applySettings(settings: PictureSettings): void {
    const isSameProtocol = settings.pictures === this.#settings.pictures;
    this.#settings = settings;
    this.#failed.clear();
    if (!isSameProtocol) this.#reset();
    this.options.onChange();
  }

  setVisible(files: readonly FileBody[]): void {
    this.#visible = files.filter(({ name, folder }) => folder === undefined && isPictureName(name));
    for (const { file } of this.#visible) {
      const loaded = this.#loaded.get(file);
      if (loaded === undefined) continue;
      this.#loaded.delete(file);
      this.#loaded.set(file, loaded);
    }
    if (this.#nextToLoad() === undefined || this.#isQuerying) return;
    if (this.#terminal === undefined) void this.#queryTerminal();
    else void this.#loadPending();
  }

  addLocalFile(file: string, path: string): void {
    this.options.paths.add(file, path);
    this.#failed.delete(file);
    this.options.onChange();
  }

  end(): void {
    this.#generation++;
    this.#stop.abort();
  }

  #reset(): void {
    this.#generation++;
    this.#loaded.clear();
    this.#sizes = new Map();
    this.#terminal = undefined;
    this.options.screen.showPictures(undefined);
  }

  async #queryTerminal(): Promise<void> {
    const { env, screen } = this.options;
    const { pictures } = this.#settings;
    const isInMultiplexer = isMultiplexed(env);
    const isUnsupported = isInMultiplexer || (env["NO_COLOR"] ?? "") !== "";
    if (pictures === "auto" && (isUnsupported || env["TERM"] === "linux")) {
      this.#terminal = { protocol: undefined, cell: { width: 1, height: 1 } };
      return;
    }
    const generation = this.#generation;
    this.#isQuerying = true;
    // A terminal multiplexer would misinterpret the kitty query.
    const query = isInMultiplexer ? CELL_QUERY : PICTURE_QUERY;
    const answers = (await screen.ask(query, "all")) ?? "";
    this.#isQuerying = false;
    if (generation === this.#generation) this.#setTerminal(answers, isInMultiplexer);
    else this.options.onChange();
  }

  #setTerminal(answers: string, isInMultiplexer: boolean): void {
    const { env, screen } = this.options;
    const { pictures } = this.#settings;
    const terminal = pictureTerminal(answers, env, screen.size());
    const chosen = pictures === "kitty" ? kittyOf(answers, env) : pictures;
    const protocol = chosen === "auto" ? terminal.protocol : chosen;
    // A multiplexer does not know its pane's position on the outer terminal, so the picture would
    // be misplaced.
    const isUnplaceable = protocol === "iterm2" && isInMultiplexer;
    const isDisabled = protocol === "off" || isUnplaceable;
    this.#terminal = { ...terminal, protocol: isDisabled ? undefined : protocol };
    if (this.#terminal.protocol === undefined) return;
    screen.showPictures(this.#painter());
    this.options.onChange();
  }

  #nextToLoad(): FileBody | undefined {
    const { pictures } = this.#settings;
    const isUnsupported = this.#terminal !== undefined && this.#terminal.protocol === undefined;
    if (pictures === "off" || isUnsupported) return undefined;
    return this.#visible.findLast((body) => {
      const isHandled = this.#loaded.has(body.file) || this.#failed.has(body.file);
      if (isHandled || body.size > PICTURE_FILE_BYTES_MAX) return false;
      return this.options.paths.get(body.file) !== undefined || this.#canFetch(body);
    });
  }

  #canFetch(file: FileBody): boolean {
    return this.#settings.fetchPictures && isSmallPicture(file);
  }

  async #loadPending(): Promise<void> {
    const terminal = this.#terminal;
    if (this.#isBusy || terminal === undefined) return;
    this.#isBusy = true;
    try {
      for (let body = this.#nextToLoad(); body !== undefined; body = this.#nextToLoad()) {
        const generation = this.#generation;
        const bytes = await this.#bytesOf(body);
        const drawn = bytes === undefined ? undefined : await drawPicture(bytes, terminal);
        if (generation !== this.#generation) return;
        if (drawn === undefined) this.#markFailed(body.file);
        else this.#store(body.file, drawn);
      }
    } finally {
      this.#isBusy = false;
    }
  }

  async #bytesOf(body: FileBody): Promise<Uint8Array | undefined> {
    const { paths, hashing, fetch } = this.options;
    const path = paths.get(body.file);
    const local = path === undefined ? undefined : await checkedFile(path, body, hashing);
    if (local !== undefined || !this.#canFetch(body)) return local;
    return fetch(body, this.#stop.signal);
  }

  #markFailed(file: string): void {
    if (this.#failed.size >= FAILED_MAX) this.#failed.clear();
    this.#failed.add(file);
  }

  #store(file: string, drawn: ScaledPicture): void {
    this.#loaded.set(file, { id: this.#newId(), drawn, sixel: undefined });
    const isVisible = (file: string) => this.#visible.some((body) => body.file === file);
    const oldest = [...this.#loaded.keys()].find((file) => !isVisible(file));
    if (this.#loaded.size > PICTURES_CACHED_MAX) this.#loaded.delete(oldest ?? file);
    if (!this.#loaded.has(file)) this.#markFailed(file);
    const sizes = [...this.#loaded].map(([file, loaded]) => {
      const { columns, rows } = loaded.drawn;
      return [file, { id: loaded.id, columns, rows }] as const;
    });
    this.#sizes = new Map(sizes);
    this.options.onChange();
  }

  /** Ids rotate, so that an id is not reused while its old picture is still being drawn. */
  #newId(): number {
    const used = new Set([...this.#loaded.values()].map(({ id }) => id));
    for (let tries = 0; tries < PICTURE_NUMBERS_MAX; tries++) {
      this.#lastNumber = (this.#lastNumber % PICTURE_NUMBERS_MAX) + 1;
      const id = pictureId(this.options.family, this.#lastNumber);
      if (!used.has(id)) return id;
    }
    assert(false, "there are more numbers than pictures");
  }

  #painter(): PicturePainter {
    const loadedById = (id: number) =>
      [...this.#loaded.values()].find((loaded) => loaded.id === id);
    const encoded = (encode: (bytes: Uint8Array, box: PictureBox) => readonly string[]) => {
      return (box: PictureBox) => {
        const drawn = loadedById(box.id)?.drawn;
        return drawn && encode(drawn.bytes, box);
      };
    };
    const painted = { isPlaced: false, remove: () => "" } as const;
    switch (this.#terminal?.protocol) {
      case "iterm2":
        return { ...painted, pieces: encoded((bytes, box) => [itermPicture(bytes, box)]) };
      case "sixel":
        return { ...painted, pieces: (box) => this.#sixelOf(loadedById(box.id), box) };
      case "kitty-direct":
        return {
          isPlaced: false,
          isUnique: true,
          pieces: encoded((bytes, box) => kittyPieces(bytes, box, "cursor")),
          remove: (ids) => [...ids].map(removeKitty).join(""),
        };
      default: {
        const isInMultiplexer = isMultiplexed(this.options.env);
        const wrap = isInMultiplexer ? wrapForTmux : (sequence: string) => sequence;
        return {
          isPlaced: true,
          pieces: encoded((bytes, box) => kittyPieces(bytes, box, "cells", wrap)),
          remove: (ids, isHalfSent) =>
            (isHalfSent ? wrap(KITTY_ABORT) : "") +
            [...ids].map((id) => wrap(removeKitty(id))).join(""),
        };
      }
    }
  }

  #sixelOf(loaded: LoadedPicture | undefined, box: PictureBox): readonly string[] | undefined {
    const terminal = this.#terminal;
    if (loaded === undefined || terminal === undefined) return undefined;
    const { sixel } = loaded;
    if (sixel?.box.columns === box.columns && sixel.box.rows === box.rows) {
      return sixel.text === undefined ? undefined : [sixel.text];
    }
    const requested = { box, text: undefined };
    loaded.sixel = requested;
    void drawSixel(loaded.drawn, box, terminal).then((text) => {
      if (loaded.sixel !== requested) return;
      loaded.sixel = { box, text };
      this.options.screen.drawReadyPictures();
    });
    return undefined;
  }
}

interface PicturePathStore {
  preference(name: "pictures"): string | undefined;
  changePreference(name: "pictures", change: (stored: string | undefined) => string): void;
}

/**
 * Pictures sent or downloaded in this or an earlier run. The screen verifies the file at a path
 * before it displays the picture.
 */
export class PicturePaths {
  #paths: ReadonlyMap<string, string>;

  constructor(private readonly state: PicturePathStore) {
    this.#paths = readPaths(state.preference("pictures"));
  }

  get(file: string): string | undefined {
    return this.#paths.get(file);
  }

  /** Merges the entries that other processes have stored in the meantime. */
  add(file: string, path: string): void {
    if (!isPictureName(path)) return;
    this.state.changePreference("pictures", (stored) => {
      const entries = new Map([...this.#paths, ...readPaths(stored)]);
      entries.delete(file);
      const paths = [...entries, [file, path] as const].slice(-PICTURE_PATHS_MAX);
      this.#paths = new Map(paths);
      return JSON.stringify(paths);
    });
  }
}

function readPaths(stored: string | undefined): ReadonlyMap<string, string> {
  try {
    const value: unknown = decodeJson(stored ?? "[]");
    const entries = Array.isArray(value) ? value.filter(isPathEntry) : [];
    return new Map(entries.slice(-PICTURE_PATHS_MAX));
  } catch {
    return new Map();
  }
}

function isPathEntry(value: unknown): value is [string, string] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return value.every((field) => typeof field === "string");
}

/**
 * `undefined` if the file is missing or differs from the message.
 * @internal
 */
export async function checkedFile(
  path: string,
  { size, digest }: Pick<FileBody, "size" | "digest">,
  hashing: Hashing,
): Promise<Uint8Array | undefined> {
  let file: FileHandle | undefined;
  try {
    // O_NONBLOCK prevents `open` from blocking if a pipe has replaced the file.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (!stats.isFile() || stats.size !== size) return undefined;
    return await readChecked(file, size, digest, hashing);
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}

async function readChecked(
  file: FileHandle,
  size: number,
  digest: string,
  hashing: Hashing,
): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(size);
  const hasher = new Digest(hashing.newHash());
  for (let at = 0; at < size; at += CHUNK_BYTES) {
    const chunk = bytes.subarray(at, at + CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead !== chunk.length) return undefined;
    hasher.add(await hashing.hashChunk(chunk));
  }
  return toHex(hasher.value()) === digest ? bytes : undefined;
}
