import type { Item } from "../../core/model-state.ts";
import { confirm } from "./dialog.tsx";
import type { MenuItem } from "./menu.tsx";
import type { PageValue } from "./page-context.tsx";

/** Signs that are one click away; any other one can be sent from a terminal. */
export const QUICK_SIGNS = ["👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "✅"] as const;

/** What the rows of one room may do; the same object while nothing of it changes. */
export interface MessageHands {
  readonly me: string | undefined;
  readonly target: string;
  /** May erase what others have said. */
  readonly moderates: boolean;
  readonly reply: (item: Item) => void;
  readonly edit: (item: Item) => void;
  readonly react: (item: Item, sign: string) => void;
  readonly goTo: (seq: number) => void;
}

export function messageItems(page: PageValue, item: Item, hands: MessageHands): MenuItem[] {
  const { texts, say, fail } = page;
  const isText = item.kind === "text" || item.kind === "action";
  const items: MenuItem[] = [
    { label: texts.reply, icon: "reply", onChoose: () => hands.reply(item) },
  ];
  if (isText) {
    items.push({
      label: texts.copyText,
      icon: "file",
      onChoose: () => {
        navigator.clipboard.writeText(item.text).then(() => say(texts.copied), fail);
      },
    });
  }
  if (item.isMine && isText) {
    items.push({ label: texts.edit, icon: "edit", onChoose: () => hands.edit(item) });
  }
  if (item.isMine || hands.moderates) {
    const erase = () => page.chat.erase(item.seq);
    items.push({
      label: texts.erase,
      icon: "erase",
      isDanger: true,
      onChoose: () =>
        confirm(page, {
          title: texts.eraseAsk,
          text: texts.eraseExplained,
          action: texts.erase,
          isDanger: true,
          onConfirm: erase,
        }),
    });
  }
  return items;
}
