/** List of a room's pinned messages, with links to them, in a dialog or a panel. */

import { useEffect, useState } from "react";
import { ignoreFault } from "../../../base/fault.ts";
import { queryPins } from "../../../client/pins.ts";
import { itemAt, itemOf } from "../../../core/model/item.ts";
import { canPin } from "../../../core/model/selectors.ts";
import type { Item, RoomState } from "../../../core/model/state.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { pageSha256 } from "../../browser/hash.ts";
import { formatRoute } from "../../input/route.ts";
import { ListedMessage } from "../room/listed-message.tsx";
import { PlainLine } from "../room/rich-text.tsx";
import { type CloseProps, FaultLine, useModelValue, usePage, useTask } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { whenSettled } from "../shell/effects.ts";
import { Icon, IconButton } from "../shell/icons.tsx";

interface PinsProps {
  readonly room: RoomState;
}

export function PinsDialog({ room, onClose }: CloseProps & PinsProps) {
  const { texts } = usePage();
  return (
    <Dialog title={texts.pins} onClose={onClose}>
      <PinList room={room} onGo={onClose} />
    </Dialog>
  );
}

/** Newest pinned message; `undefined` until it is known. */
function useNewestPin({ target, pins, tail, isSealed }: RoomState): Item | undefined {
  const { chat } = usePage();
  const [fetched, setFetched] = useState<Item>();
  const seq = pins.at(-1);
  const loaded = seq === undefined ? undefined : itemAt(tail.items, seq);
  const isMissing = seq !== undefined && loaded === undefined && !isSealed;
  useEffect(() => {
    if (!isMissing) return;
    const { request, historyWith: history, model } = chat;
    const found = queryPins({ request, sha256: pageSha256, history, model }, target);
    return whenSettled(found.catch(ignoreFault), (records) => {
      const record = records?.find((one) => one.seq === seq);
      setFetched(record && itemOf(record, model.me, () => false));
    });
  }, [chat, target, seq, isMissing]);
  return loaded ?? (fetched?.seq === seq ? fetched : undefined);
}

/** The newest pinned message in one line over the conversation. */
export function PinLine({ room }: PinsProps) {
  const { texts, times } = usePage();
  const item = useNewestPin(room);
  if (item === undefined || item.state !== "whole") return null;
  return (
    <a className="pin-line" href={formatRoute({ target: room.target, seq: item.seq })}>
      <Icon name="pin" />
      <span className="sr-only">{texts.pins}: </span>
      <span dir="auto">
        <PlainLine text={briefText(item, texts, times)} />
      </span>
    </a>
  );
}

export function PinList({ room, onGo }: PinsProps & { readonly onGo?: () => void }) {
  const { texts, chat } = usePage();
  const { id, target } = room;
  const mayPin = canPin(chat.model, room);
  const task = useTask();
  const [items, setItems] = useState<readonly Item[]>();
  const pins = useModelValue((model) => model.rooms.get(id)?.pins);
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested again after a pin
  useEffect(() => {
    task.run(async () => {
      const { request, historyWith: history, model } = chat;
      const records = await queryPins({ request, sha256: pageSha256, history, model }, target);
      setItems(records.map((record) => itemOf(record, model.me, () => false)));
    });
  }, [pins]);
  return (
    <>
      {items?.length === 0 ? <p>{texts.noPins}</p> : null}
      <ul className="plain-list pins">
        {items?.map((item) => (
          <li key={item.seq}>
            <a className="list-button" href={formatRoute({ target, seq: item.seq })} onClick={onGo}>
              <ListedMessage item={item} />
            </a>
            {mayPin ? (
              <IconButton
                icon="close"
                label={texts.unpinOf(authorText(item, texts, chat.model))}
                onPress={() => task.run(() => chat.actions.pin(item.seq, false))}
              />
            ) : null}
          </li>
        ))}
      </ul>
      <FaultLine fault={task.fault} />
    </>
  );
}
