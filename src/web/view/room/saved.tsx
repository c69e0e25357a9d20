/** Lists of saved messages and followed threads. */

import { useEffect, useState } from "react";
import { ignoreFault } from "../../../base/fault.ts";
import type { RoomId } from "../../../base/ids.ts";
import { followedThreads } from "../../../core/model/selectors.ts";
import type { Item } from "../../../core/model/state.ts";
import { goneText } from "../../../ui/text/event-text.ts";
import { Button } from "../shell/button.tsx";
import { type CloseProps, useModelValue, usePage } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { whenSettled } from "../shell/effects.ts";
import { useIsErased } from "../shell/erased.ts";
import { IconButton } from "../shell/icons.tsx";
import { ListedMessage } from "./listed-message.tsx";
import { useTitle } from "./person.tsx";

const PAGE_SIZE = 20;

interface SavedProps extends CloseProps {
  readonly onJump: (target: string, seq: number) => void;
}

interface LineProps extends SavedProps {
  readonly room: RoomId;
  readonly seq: number;
  readonly isUnread?: boolean;
  readonly unread?: number;
  readonly removeLabel: string;
  readonly onRemove: () => void;
}

function useSaved(room: RoomId, seq: number): Item | "gone" | undefined {
  const { chat } = usePage();
  const [item, setItem] = useState<Item | "gone" | undefined>(undefined);
  const isErased = useIsErased(seq);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when it is erased
  useEffect(() => {
    const savedItem = chat.actions.savedItem(room, seq);
    return whenSettled(savedItem.catch(ignoreFault), (item) => setItem(item ?? "gone"));
  }, [chat, room, seq, isErased]);
  return item;
}

function Line({
  room,
  seq,
  isUnread,
  unread = 0,
  removeLabel,
  onRemove,
  onClose,
  onJump,
}: LineProps) {
  const { texts } = usePage();
  const item = useSaved(room, seq);
  const roomState = useModelValue((model) => model.rooms.get(room));
  const target = roomState?.target ?? "";
  const location = useTitle(target);
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
          <ListedMessage item={item} target={target} location={location}>
            {item.state === "erased" ? goneText(item, texts) : undefined}
          </ListedMessage>
          {isUnread === true ? (
            <strong className="has-unread">
              {unread > 0 ? texts.unread(unread) : texts.newReplies}
            </strong>
          ) : null}
        </button>
      )}
      <IconButton icon="close" label={removeLabel} onPress={onRemove} />
    </li>
  );
}

export function SavedDialog(props: SavedProps) {
  const { texts } = usePage();
  return (
    <Dialog title={texts.saved} onClose={props.onClose}>
      <SavedList {...props} />
    </Dialog>
  );
}

export function SavedList(props: SavedProps) {
  const { texts, chat } = usePage();
  const saved = useModelValue((model) => model.saved);
  const [visibleCount, setVisibleCount] = useState(PAGE_SIZE);
  const all = [...saved].reverse();
  return (
    <>
      {all.length === 0 ? <p className="hint">{texts.savedNone}</p> : null}
      <ul className="plain-list">
        {all.slice(0, visibleCount).map(([seq, room]) => (
          <Line
            key={seq}
            room={room}
            seq={seq}
            removeLabel={texts.unsaveMessage}
            onRemove={() => chat.store.reportFailure(chat.actions.save(room, seq, false))}
            {...props}
          />
        ))}
      </ul>
      {all.length > visibleCount ? (
        <Button variant="wide" onClick={() => setVisibleCount(visibleCount + PAGE_SIZE)}>
          {texts.moreResults}
        </Button>
      ) : null}
    </>
  );
}

export function ThreadsDialog({ onClose, onJump }: SavedProps) {
  const { texts, chat } = usePage();
  const threads = followedThreads(useModelValue((model) => model));
  const open = (target: string, seq: number) => {
    onJump(target, seq);
    chat.actions.openThread(seq);
  };
  return (
    <Dialog title={texts.threads} onClose={onClose}>
      {threads.length === 0 ? <p className="hint">{texts.threadsNone}</p> : null}
      <ul className="plain-list">
        {threads.map((thread) => {
          const { seq, room } = thread;
          const target = chat.model.rooms.get(room)?.target ?? "";
          const unfollow = () => chat.store.reportFailure(chat.actions.follow(target, seq, false));
          return (
            <Line
              key={seq}
              {...thread}
              removeLabel={texts.unfollow}
              onRemove={unfollow}
              onClose={onClose}
              onJump={open}
            />
          );
        })}
      </ul>
    </Dialog>
  );
}
