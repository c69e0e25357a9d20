/** Dialog that lists saved messages. */

import { useEffect, useState } from "react";
import type { RoomId } from "../../../base/ids.ts";
import type { Item } from "../../../core/model/state.ts";
import { targetTitle } from "../../../ui/text/target-text.ts";
import { Button } from "../shell/button.tsx";
import { type CloseProps, useModelValue, usePage } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { whenSettled } from "../shell/effects.ts";
import { IconButton } from "../shell/icons.tsx";
import { ListedMessage, useListFocus } from "./listed-message.tsx";

const PAGE_SIZE = 20;

interface SavedProps extends CloseProps {
  readonly onJump: (target: string, seq: number) => void;
}

type LineProps = SavedProps & { readonly room: RoomId; readonly seq: number };

function useSaved(room: RoomId, seq: number): Item | "gone" | undefined {
  const { chat } = usePage();
  const [item, setItem] = useState<Item | "gone" | undefined>(undefined);
  useEffect(() => {
    const savedItem = chat.actions.savedItem(room, seq);
    return whenSettled(
      savedItem.catch(() => undefined),
      (item) => setItem(item ?? "gone"),
    );
  }, [chat, room, seq]);
  return item;
}

function Line({ room, seq, onClose, onJump }: LineProps) {
  const { texts, chat } = usePage();
  const item = useSaved(room, seq);
  const roomState = useModelValue((model) => model.rooms.get(room));
  const target = roomState?.target ?? "";
  const location = targetTitle(chat.model, target);
  const goTo = () => {
    onClose();
    onJump(target, seq);
  };
  return (
    <li className="saved-line">
      {item === undefined || item === "gone" || roomState === undefined ? (
        <p className="list-note saved-gone">{item === undefined ? "…" : texts.savedUnavailable}</p>
      ) : (
        <button type="button" className="list-button" onClick={goTo}>
          <ListedMessage item={item} location={location}>
            {item.state === "erased" ? texts.deleted : undefined}
          </ListedMessage>
        </button>
      )}
      <IconButton
        icon="close"
        label={texts.unsaveMessage}
        onPress={() => chat.store.reportFailure(chat.actions.save(room, seq, false))}
      />
    </li>
  );
}

export function SavedDialog(props: SavedProps) {
  const { texts } = usePage();
  const saved = useModelValue((model) => model.saved);
  const [visibleCount, setVisibleCount] = useState(PAGE_SIZE);
  const list = useListFocus(saved.size);
  const all = [...saved].reverse();
  return (
    <Dialog title={texts.saved} onClose={props.onClose}>
      {all.length === 0 ? <p className="hint">{texts.savedNone}</p> : null}
      <ul ref={list} className="plain-list" tabIndex={-1}>
        {all.slice(0, visibleCount).map(([seq, room]) => (
          <Line key={seq} room={room} seq={seq} {...props} />
        ))}
      </ul>
      {all.length > visibleCount ? (
        <Button variant="wide" onClick={() => setVisibleCount(visibleCount + PAGE_SIZE)}>
          {texts.moreResults}
        </Button>
      ) : null}
    </Dialog>
  );
}
