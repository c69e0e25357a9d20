/** Raised hands above the composer. */

import { cleanText } from "../../../base/text.ts";
import { isSameName } from "../../../core/model/item.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { usePage } from "../shell/context.tsx";

/** A person lowers the own hand, and a moderator any. */
export function Hands({ room, moderates }: { room: RoomState; moderates: boolean }) {
  const { chat, texts, fail } = usePage();
  return (
    <ul className="hands reactions" aria-label={texts.handsRaised}>
      {room.hands.map((name) => {
        const isMine = isSameName(name, chat.model.me);
        const label = `✋ ${cleanText(name)}`;
        const lower = () =>
          void chat.actions.toggleHand(room.target, isMine ? undefined : name).catch(fail);
        return (
          <li key={name}>
            {isMine || moderates ? (
              <button
                type="button"
                className="reaction"
                title={texts.lowerHand(cleanText(name))}
                onClick={lower}
              >
                {label}
              </button>
            ) : (
              <span className="reaction">{label}</span>
            )}
          </li>
        );
      })}
    </ul>
  );
}
