/** A person's card: avatar, status, role, shared rooms and actions. */

import { useEffect, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import { cleanText } from "../../../base/text.ts";
import type { PersonFacts } from "../../../client/chat-client.ts";
import { KEY_LETTERS } from "../../../core/client/person-keys.ts";
import { isSameName } from "../../../core/model/item.ts";
import { isOnline } from "../../../core/model/selectors.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { targetTitle } from "../../../ui/text/target-text.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { type CloseProps, FaultLine, useModel, usePage, useTask } from "../shell/context.tsx";
import { confirmItem, Dialog } from "../shell/dialog.tsx";
import { MenuButton } from "../shell/menu.tsx";
import { personContext, personItems, presenceText } from "./members.tsx";
import { Avatar, Marks, usePicture } from "./person.tsx";
import { SafetyDialog } from "./sealed.tsx";

export function PersonCard({ user, onClose }: CloseProps & { readonly user: string }) {
  const page = usePage();
  const { chat, texts, times, openDialog } = page;
  const model = useModel();
  const task = useTask();
  const [facts, setFacts] = useState<PersonFacts>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested once
  useEffect(() => task.run(async () => setFacts(await chat.whois(user))), []);
  const picture = usePicture(user);
  const person = personContext(model, user);
  if (task.fault instanceof Fault && task.fault.code === "user-unknown") {
    return (
      <Dialog title={`@${cleanText(user)}`} onClose={onClose} className="dialog-small">
        <FaultLine fault={task.fault} />
      </Dialog>
    );
  }
  const role = person.role === "member" ? (facts?.role ?? "member") : person.role;
  const name = personText(model, person.name);
  const isMe = isSameName(user, model.me);
  const moderates = person.moderates || model.isOperator;
  const [write, ignore, ...moderation] = personItems(page, { ...person, role, moderates });
  const isOperator = model.isOperator || personContext(model, model.me ?? "").role === "operator";
  if (picture !== undefined && isOperator) {
    moderation.push(
      confirmItem(page, {
        title: texts.removePictureAsk(name),
        text: "",
        action: texts.removePicture,
        isDanger: true,
        onConfirm: () => chat.request("avatar-set", { user }),
      }),
    );
  }
  const isConnected = model.connection.kind === "online";
  const leaveFor = (act: () => void) => () => {
    onClose();
    act();
  };
  return (
    <Dialog title={name} onClose={onClose} className="dialog-small">
      <div className="person-card">
        <Avatar name={name} user={user} tint={tintOf(user)} />
        <p>
          <span className="account-name">@{cleanText(person.name)}</span>{" "}
          {presenceText(isConnected ? isOnline(model, user) : undefined, texts)}{" "}
          <Marks person={{ ...person, role, isBot: person.isBot ?? facts?.bot }} />
          {facts === undefined ? null : (
            <span className="hint">
              {texts.registered}: {times.day(facts.since)}
            </span>
          )}
        </p>
      </div>
      {facts?.status === undefined ? null : <p dir="auto">{cleanText(facts.status)}</p>}
      <FaultLine fault={task.fault} />
      {facts === undefined || facts.rooms.length === 0 || isMe ? null : (
        <>
          <h3>{texts.sharedRooms}</h3>
          <ul className="shared-rooms">
            {facts.rooms.map((room) => (
              <li key={room}>
                <Button variant="small" onClick={leaveFor(() => void chat.actions.open(room))}>
                  {targetTitle(chat.model, room)}
                </Button>
              </li>
            ))}
          </ul>
        </>
      )}
      {facts === undefined || facts.keys.length === 0 ? null : (
        <>
          <h3>{texts.keysTitle}</h3>
          <ul className="plain-list">
            {facts.keys.map(({ fingerprint, sinceUnixMs }, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: keys never move
              <li key={at} className="hint" title={fingerprint}>
                {texts.keySince(
                  fingerprint?.slice(0, KEY_LETTERS) ?? "?",
                  sinceUnixMs === undefined ? "?" : times.full(sinceUnixMs),
                )}
              </li>
            ))}
          </ul>
          {facts.hasNewKey ? <Announced kind="notice">{texts.keyChanged(name)}</Announced> : null}
        </>
      )}
      {isMe ? null : (
        <div className="dialog-actions">
          {moderation.length === 0 ? null : (
            <MenuButton
              className="button"
              label={texts.moderate}
              items={() =>
                moderation.map((item) => ({ ...item, onChoose: leaveFor(item.onChoose) }))
              }
            >
              {texts.moderate}
            </MenuButton>
          )}
          <Button onClick={ignore?.onChoose}>{ignore?.label}</Button>
          <Button onClick={leaveFor(() => openDialog(SafetyDialog, { user }))}>
            {texts.verify}
          </Button>
          <Button variant="main" onClick={leaveFor(() => write?.onChoose())}>
            {write?.label}
          </Button>
        </div>
      )}
    </Dialog>
  );
}
