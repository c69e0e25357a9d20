/** The user's own turn: a moderator has called on them. It stays until it is answered or ended. */

import { useEffect, useState } from "react";
import type { RoomId } from "../../../base/ids.ts";
import { ownTurn } from "../../../core/model/hands.ts";
import type { Model, RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { firstName } from "../../../ui/text/event-text.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { Button } from "../shell/button.tsx";
import { useModelValue, usePage } from "../shell/context.tsx";
import { Icon } from "../shell/icons.tsx";
import { Avatar, useNames, useTitle } from "./person.tsx";

/** `isNew`: the user has not said that they are coming. */
export interface OwnTurn {
  readonly room: RoomState;
  readonly isNew: boolean;
  readonly onComing: () => void;
}

export function useOwnTurn(model: Model): OwnTurn | undefined {
  const room = model.connection.kind === "online" ? ownTurn(model) : undefined;
  const [coming, setComing] = useState<RoomId>();
  const id = room?.id;
  useEffect(() => {
    if (id === undefined) setComing(undefined);
  }, [id]);
  return room && { room, isNew: coming !== room.id, onComing: () => setComing(room.id) };
}

interface CalledProps {
  readonly turn: OwnTurn;
  readonly isHere: boolean;
  readonly onOpen: (target: string) => void;
}

export function Called({ turn: { room, onComing }, isHere, onOpen }: CalledProps) {
  const { chat, texts, fail } = usePage();
  const names = useNames();
  const place = useTitle(room.target);
  const { caller, target } = room;
  const shown = caller === undefined ? undefined : personText(names, caller);
  const elsewhere = isHere ? undefined : place;
  const said = shown === undefined ? texts.calledMe : texts.callsOnMe(shown, elsewhere);
  const come = () => {
    onComing();
    if (!isHere) onOpen(target);
  };
  const pass = () => void chat.actions.toggleHand(target, undefined, false).catch(fail);
  return (
    <section className="called" aria-label={texts.ownTurn}>
      {shown === undefined || caller === undefined ? null : (
        <Avatar name={shown} user={caller} tint={tintOf(caller)} />
      )}
      <div className="called-words">
        <h2>{texts.ownTurn}</h2>
        <p dir="auto">{said}</p>
      </div>
      <span className="called-hand">
        <Icon name="hand" />
      </span>
      <div className="called-actions">
        <Button variant="main" onClick={come}>
          {texts.comingToTurn}
        </Button>
        <Button onClick={pass}>{texts.passTurn}</Button>
      </div>
    </section>
  );
}

/** First name of the moderator who waits for the user's answer in the place. */
export function useCaller(target: string): string | undefined {
  const names = useNames();
  const caller = useModelValue((model) => {
    const turn = ownTurn(model);
    return turn?.target === target ? (turn.caller ?? "") : undefined;
  });
  return caller === undefined || caller === "" ? caller : firstName(personText(names, caller));
}
