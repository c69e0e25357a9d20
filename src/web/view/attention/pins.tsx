/** Dialog that lists a room's pinned messages, with links to them. */

import { useEffect, useState } from "react";
import { queryPins } from "../../../client/pins.ts";
import { itemOf } from "../../../core/model/item.ts";
import { canPin } from "../../../core/model/selectors.ts";
import type { Item, RoomState } from "../../../core/model/state.ts";
import { authorText } from "../../../ui/text/event-text.ts";
import { pageSha256 } from "../../browser/hash.ts";
import { formatRoute } from "../../input/route.ts";
import { ListedMessage } from "../room/listed-message.tsx";
import { type CloseProps, FaultLine, useModelValue, usePage, useTask } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { IconButton } from "../shell/icons.tsx";

export function PinsDialog({ room, onClose }: CloseProps & { readonly room: RoomState }) {
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
      const records = await queryPins({ request, sha256: pageSha256, history }, target);
      setItems(records.map((record) => itemOf(record, model.me, () => false)));
    });
  }, [pins]);
  return (
    <Dialog title={texts.pins} onClose={onClose}>
      {items?.length === 0 ? <p>{texts.noPins}</p> : null}
      <ul className="plain-list pins">
        {items?.map((item) => (
          <li key={item.seq}>
            <a
              className="list-button"
              href={formatRoute({ target, seq: item.seq })}
              onClick={onClose}
            >
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
    </Dialog>
  );
}
