/** Loads the names of all emoji when they are needed, because most users only need recent ones. */

export type EmojiModule = typeof import("../../../ui/text/emoji.ts");

class EmojiLoader {
  loaded: EmojiModule | undefined;

  /** After a failure, the next call retries. */
  async fetch(): Promise<EmojiModule> {
    this.loaded ??= await import("../../../ui/text/emoji.ts");
    return this.loaded;
  }
}

export const emojiModule = new EmojiLoader();
