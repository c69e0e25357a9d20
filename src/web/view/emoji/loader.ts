/** Loads the names of all emoji when they are needed, because most users only need recent ones. */

import { LazyModule } from "../shell/lazy.ts";

export type EmojiModule = typeof import("../../../ui/text/emoji.ts");

export const emojiModule = new LazyModule<EmojiModule>(() => import("../../../ui/text/emoji.ts"));
