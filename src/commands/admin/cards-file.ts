/** Page with the cards of an import, on disk before the codes are valid. */

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  writeSync,
} from "node:fs";
import { Fault, msg } from "../../base/fault.ts";
import { usageFault } from "../../cli/errors.ts";
import { OutputFile } from "../../cli/export/output-file.ts";
import {
  CARDS_END,
  type Card,
  type CardServer,
  type CardTexts,
  cardHtml,
  cardsIn,
  cardsStart,
  type FormerCard,
  isCardsPage,
} from "../../core/people/cards.ts";
import { type DiskFile, onDisk } from "../../io/disk/disk.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";

/** More than 100,000 cards. */
const PAGE_BYTES_MAX = 512 << 20;

/**
 * A page that exists keeps its cards which are still needed. It is replaced first by a page with
 * mode 0600, to which each batch of cards is added and synced before its codes become valid.
 */
export interface CardsPage {
  readonly server: CardServer;
  readonly texts: CardTexts;
  /** Whether instructions precede the cards. */
  readonly hasGuide: boolean;
}

export class CardsFile {
  readonly #former: readonly FormerCard[];
  readonly #wasThere: boolean;
  /** Cards on the page by their codes. A QR code takes milliseconds, so none is drawn twice. */
  readonly #html = new Map<string, string>();
  #fd = -1;

  /**
   * @param isNeeded whether a card of the existing page may still be in use
   * @throws {Fault} usage if the path is a link or no page of cards, or a fault of the disk
   */
  constructor(
    readonly path: string,
    private readonly shown: CardsPage,
    isNeeded: (card: FormerCard) => boolean,
  ) {
    const page = new OutputFile(path, { existing: "replace" });
    try {
      const existing = readPage(path) ?? "";
      if (existing !== "" && !isCardsPage(existing)) throw otherContent(path);
      this.#wasThere = existing !== "";
      this.#former = cardsIn(existing).filter(isNeeded);
      page.write(this.#start());
      for (const { html } of this.#former) page.write(html);
      page.finish();
    } finally {
      page.discard();
    }
    const { O_WRONLY, O_APPEND, O_NOFOLLOW = 0 } = constants;
    this.#fd = onDisk(path, () => openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW));
    this.#checkOwn();
  }

  /** Users with a card of an earlier import on the page. */
  get formerUsers(): readonly string[] {
    return this.#former.map(({ user }) => user);
  }

  /** Returns when the cards are on disk. */
  add(cards: readonly Card[]): void {
    this.#checkOwn();
    const drawn = cards.map((card) => {
      const html = this.#draw(card);
      this.#html.set(card.code, html);
      return html;
    });
    const bytes = Buffer.from(drawn.join(""));
    onDisk(this.path, () => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
      fsyncSync(this.#fd);
    });
  }

  /**
   * Writes the page again, without cards whose codes never became valid or have a successor.
   * @param uncertain cards whose codes may have become valid
   */
  finish(cards: readonly Card[], uncertain: readonly Card[] = []): void {
    this.#checkOwn();
    this.close();
    const renewed = new Set(cards.map(({ user }) => user));
    const former = this.#former.filter(({ user }) => !renewed.has(user));
    if (cards.length + uncertain.length + former.length === 0 && !this.#wasThere)
      return onDisk(this.path, () => systemDisk().remove(this.path));
    const page = new OutputFile(this.path, { existing: "replace" });
    try {
      page.write(this.#start());
      for (const { html } of former) page.write(html);
      for (const card of [...cards, ...uncertain])
        page.write(this.#html.get(card.code) ?? this.#draw(card));
      page.write(CARDS_END);
      page.finish();
    } finally {
      page.discard();
    }
  }

  #start(): string {
    const { server, texts, hasGuide } = this.shown;
    return cardsStart(server, texts, hasGuide);
  }

  #draw(card: Card): string {
    return cardHtml(this.shown.server, card, this.shown.texts);
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Another import may have replaced the page, or somebody the path by a link. */
  #checkOwn(): void {
    const own = onDisk(this.path, () => fstatSync(this.#fd));
    const named = onDisk(this.path, () => lstatSync(this.path));
    if (own.ino === named.ino && own.dev === named.dev) return;
    throw new Fault("data-locked", msg`another program has replaced ${this.path}`, {
      remedy: "wait until it has ended, then run the same command again",
    });
  }
}

function otherContent(path: string): Fault {
  return usageFault(`${path} is not a page of cards`, "choose another path with --cards");
}

/** @returns `undefined` if there is no file */
function readPage(path: string): string | undefined {
  if (systemDisk().kind(path) === undefined) return undefined;
  return onDisk(path, () => {
    using file: DiskFile = systemDisk().openPlain(path, "read");
    const bytes = Buffer.alloc(Math.min(file.sizeBytes(), PAGE_BYTES_MAX));
    return bytes.toString("utf8", 0, file.read(bytes, 0));
  });
}
