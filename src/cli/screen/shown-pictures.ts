/** Loads and encodes the pictures that are visible on the screen. */

import { assert } from "../../base/assert.ts";
import { PICTURE_FILE_BYTES_MAX, PICTURES_CACHED_MAX } from "../../base/limits-screen.ts";
import type { Hashing } from "../../client/transfer/hashing.ts";
import { isPictureName, isSmallPicture } from "../../core/client/picture-name.ts";
import type { FileBody } from "../../core/rooms/files.ts";
import type { PicturePlaces } from "./picture-places.ts";
import { PICTURE_NUMBERS_MAX, pictureId } from "./pictures/cells.ts";
import { checkedFile } from "./pictures/checked-file.ts";
import { type Drawn, drawPicture, drawSixel } from "./pictures/drawing.ts";
import {
  itermPicture,
  KITTY_BROKEN_OFF,
  kittyPieces,
  throughTmux,
  withoutKitty,
} from "./pictures/encoding.ts";
import {
  CELL_QUERY,
  isMultiplexed,
  kittyOf,
  PICTURE_QUERY,
  type PictureTerminal,
  pictureTerminal,
} from "./pictures/protocol.ts";
import type { PictureBox } from "./state/frame.ts";
import type { ScreenSettings } from "./state/settings.ts";
import type { PicturePainter } from "./terminal/picture-layer.ts";
import type { TerminalScreen } from "./terminal/screen.ts";
import type { PictureSizes } from "./view/picture.ts";

export type PictureSettings = Pick<ScreenSettings, "pictures" | "fetchPictures">;

export interface ShownPicturesOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hashing: Hashing;
  readonly screen: Pick<
    TerminalScreen,
    "ask" | "redraw" | "showPictures" | "pictureReady" | "size"
  >;
  readonly places: PicturePlaces;
  readonly settings: PictureSettings;
  /** Random, below PICTURE_FAMILIES. */
  readonly family: number;
  /** Returns a complete, verified file; `undefined` if it is not available. */
  readonly fetch: (file: FileBody, signal: AbortSignal) => Promise<Uint8Array | undefined>;
  /** Called when the set of ready pictures has changed. */
  readonly changed: () => void;
}

interface Kept {
  readonly id: number;
  readonly drawn: Drawn;
  /** Sixel data for the last requested box; its text is `undefined` while it is being encoded. */
  sixel: { readonly box: PictureBox; readonly text: string | undefined } | undefined;
}

/** Files that cannot be shown and are not tried again. */
const FAILED_MAX = 1_000;

/**
 * The pictures on the screen: terminal support, files to show, and their bytes. Nothing is queried,
 * read or fetched before the first picture is visible.
 */
export class ShownPictures {
  readonly #options: ShownPicturesOptions;
  readonly #stop = new AbortController();
  #settings: PictureSettings;
  /** `undefined` if it was not queried, or has not answered. */
  #terminal: PictureTerminal | undefined;
  #isAsking = false;
  /** Keyed by file, most recently visible last. Bounded by PICTURES_CACHED_MAX. */
  readonly #kept = new Map<string, Kept>();
  readonly #failed = new Set<string>();
  #sizes: PictureSizes = new Map();
  #seen: readonly FileBody[] = [];
  #isBusy = false;
  /** Incremented when all encoded pictures become invalid. */
  #round = 0;
  #number = 0;

  constructor(options: ShownPicturesOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  /** Keyed by file. A new object after each change. */
  get sizes(): PictureSizes {
    return this.#sizes;
  }

  choose(settings: PictureSettings): void {
    const isSame = settings.pictures === this.#settings.pictures;
    this.#settings = settings;
    this.#failed.clear();
    if (!isSame) this.#forget();
    this.#options.changed();
  }

  /** Sets the files that are on the screen now. */
  see(files: readonly FileBody[]): void {
    this.#seen = files.filter(({ name, folder }) => folder === undefined && isPictureName(name));
    for (const { file } of this.#seen) {
      const kept = this.#kept.get(file);
      if (kept === undefined) continue;
      this.#kept.delete(file);
      this.#kept.set(file, kept);
    }
    if (this.#next() === undefined || this.#isAsking) return;
    if (this.#terminal === undefined) void this.#ask();
    else void this.#draw();
  }

  /** Notes that a file is now on this machine. */
  here(file: string, path: string): void {
    this.#options.places.add(file, path);
    this.#failed.delete(file);
    this.#options.changed();
  }

  end(): void {
    this.#round++;
    this.#stop.abort();
  }

  #forget(): void {
    this.#round++;
    this.#kept.clear();
    this.#sizes = new Map();
    this.#terminal = undefined;
    this.#options.screen.showPictures(undefined);
  }

  async #ask(): Promise<void> {
    const { env, screen } = this.#options;
    const { pictures } = this.#settings;
    const isMuxed = isMultiplexed(env);
    const isHopeless = isMuxed || (env["NO_COLOR"] ?? "") !== "";
    if (pictures === "auto" && (isHopeless || /^(?:linux|dumb)$/.test(env["TERM"] ?? ""))) {
      this.#terminal = { protocol: undefined, cell: { width: 1, height: 1 } };
      return;
    }
    const round = this.#round;
    this.#isAsking = true;
    // A multiplexer would misinterpret kitty's query.
    const asked = screen.ask(isMuxed ? CELL_QUERY : PICTURE_QUERY);
    screen.redraw(); // Some terminals print unknown sequences.
    const answers = (await asked) ?? "";
    this.#isAsking = false;
    if (round === this.#round) this.#know(answers, isMuxed);
    else this.#options.changed();
  }

  #know(answers: string, isMuxed: boolean): void {
    const { env, screen } = this.#options;
    const { pictures } = this.#settings;
    const told = pictureTerminal(answers, env, screen.size());
    const chosen = pictures === "kitty" ? kittyOf(answers, env) : pictures;
    const protocol = chosen === "auto" ? told.protocol : chosen;
    // Pictures passed on to the outer terminal have no position there.
    const isNowhere = protocol === "iterm2" && isMuxed;
    const isNone = protocol === "off" || isNowhere;
    this.#terminal = { ...told, protocol: isNone ? undefined : protocol };
    if (this.#terminal.protocol === undefined) return;
    screen.showPictures(this.#painter());
    this.#options.changed();
  }

  /** The newest file that could be shown and is not. */
  #next(): FileBody | undefined {
    const { pictures } = this.#settings;
    const isNone = this.#terminal !== undefined && this.#terminal.protocol === undefined;
    if (pictures === "off" || isNone) return undefined;
    return this.#seen.findLast((body) => {
      const isTried = this.#kept.has(body.file) || this.#failed.has(body.file);
      if (isTried || body.size > PICTURE_FILE_BYTES_MAX) return false;
      return this.#options.places.get(body.file) !== undefined || this.#mayFetch(body);
    });
  }

  #mayFetch(file: FileBody): boolean {
    return this.#settings.fetchPictures && isSmallPicture(file);
  }

  /** Draws one picture at a time. */
  async #draw(): Promise<void> {
    const terminal = this.#terminal;
    if (this.#isBusy || terminal === undefined) return;
    this.#isBusy = true;
    try {
      for (let body = this.#next(); body !== undefined; body = this.#next()) {
        const round = this.#round;
        const bytes = await this.#bytesOf(body);
        const drawn = bytes === undefined ? undefined : await drawPicture(bytes, terminal);
        if (round !== this.#round) return;
        if (drawn === undefined) this.#fail(body.file);
        else this.#keep(body.file, drawn);
      }
    } finally {
      this.#isBusy = false;
    }
  }

  async #bytesOf(body: FileBody): Promise<Uint8Array | undefined> {
    const { places, hashing, fetch } = this.#options;
    const path = places.get(body.file);
    const here = path === undefined ? undefined : await checkedFile(path, body, hashing);
    if (here !== undefined || !this.#mayFetch(body)) return here;
    return fetch(body, this.#stop.signal);
  }

  #fail(file: string): void {
    if (this.#failed.size >= FAILED_MAX) this.#failed.clear();
    this.#failed.add(file);
  }

  #keep(file: string, drawn: Drawn): void {
    this.#kept.set(file, { id: this.#newId(), drawn, sixel: undefined });
    const isSeen = (one: string) => this.#seen.some((body) => body.file === one);
    const oldest = [...this.#kept.keys()].find((one) => !isSeen(one));
    if (this.#kept.size > PICTURES_CACHED_MAX) this.#kept.delete(oldest ?? file);
    if (!this.#kept.has(file)) this.#fail(file);
    const sizes = [...this.#kept].map(([one, kept]) => {
      const { columns, rows } = kept.drawn;
      return [one, { id: kept.id, columns, rows }] as const;
    });
    this.#sizes = new Map(sizes);
    this.#options.changed();
  }

  /** Allocates ids in turn, so that an id that is still being drawn is not reused. */
  #newId(): number {
    const used = new Set([...this.#kept.values()].map(({ id }) => id));
    for (let tries = 0; tries < PICTURE_NUMBERS_MAX; tries++) {
      this.#number = (this.#number % PICTURE_NUMBERS_MAX) + 1;
      const id = pictureId(this.#options.family, this.#number);
      if (!used.has(id)) return id;
    }
    assert(false, "there are more numbers than pictures");
  }

  #painter(): PicturePainter {
    const keptOf = (id: number) => [...this.#kept.values()].find((one) => one.id === id);
    const encoded = (encode: (bytes: Uint8Array, box: PictureBox) => readonly string[]) => {
      return (box: PictureBox) => {
        const drawn = keptOf(box.id)?.drawn;
        return drawn && encode(drawn.bytes, box);
      };
    };
    const painted = { isPlaced: false, without: () => "" } as const;
    switch (this.#terminal?.protocol) {
      case "iterm2":
        return { ...painted, pieces: encoded((bytes, box) => [itermPicture(bytes, box)]) };
      case "sixel":
        return { ...painted, pieces: (box) => this.#sixelOf(keptOf(box.id), box) };
      case "kitty-direct":
        return {
          isPlaced: false,
          isUnique: true,
          pieces: encoded((bytes, box) => kittyPieces(bytes, box, "cursor")),
          without: (ids) => [...ids].map(withoutKitty).join(""),
        };
      default: {
        const isMuxed = isMultiplexed(this.#options.env);
        const wrap = isMuxed ? throughTmux : (sequence: string) => sequence;
        return {
          isPlaced: true,
          pieces: encoded((bytes, box) => kittyPieces(bytes, box, "cells", wrap)),
          without: (ids, isHalfSent) =>
            (isHalfSent ? wrap(KITTY_BROKEN_OFF) : "") +
            [...ids].map((id) => wrap(withoutKitty(id))).join(""),
        };
      }
    }
  }

  /** `undefined` while it is being encoded. */
  #sixelOf(kept: Kept | undefined, box: PictureBox): readonly string[] | undefined {
    const terminal = this.#terminal;
    if (kept === undefined || terminal === undefined) return undefined;
    const { sixel } = kept;
    if (sixel?.box.columns === box.columns && sixel.box.rows === box.rows) {
      return sixel.text === undefined ? undefined : [sixel.text];
    }
    const asked = { box, text: undefined };
    kept.sixel = asked;
    void drawSixel(kept.drawn, box, terminal).then((text) => {
      if (kept.sixel !== asked) return;
      kept.sixel = { box, text };
      this.#options.screen.pictureReady();
    });
    return undefined;
  }
}
