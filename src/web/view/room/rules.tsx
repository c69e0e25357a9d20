/** Rules of a room, requests to join it, and limits on posting. */

import { useEffect, useState } from "react";
import { SLOW_SECONDS_MAX } from "../../../base/limits.ts";
import { SECOND_MS } from "../../../base/time.ts";
import { withMentions } from "../../../core/client/mentions.ts";
import { roomOf } from "../../../core/model/selectors.ts";
import type { Model, RoomState } from "../../../core/model/state.ts";
import { LOBBY } from "../../../core/rooms/rooms.ts";
import { parseDue } from "../../../ui/commands.ts";
import {
  dueTime,
  postLimitText,
  postQuestion,
  type ReadOnlyReason,
  type RuleFact,
  readOnlyReason,
  ruleFacts,
  serverLimits,
} from "../../../ui/text/rules-text.ts";
import { timesNow } from "../../../ui/text/times.ts";
import { BOX_RULES, JOIN_RULES, POSTERS, WHO } from "../../../wire/field.ts";
import type { PostBody, RoomRules } from "../../../wire/messages.ts";
import { Button } from "../shell/button.tsx";
import {
  type CloseProps,
  FaultLine,
  type PageValue,
  useModelValue,
  usePage,
  useTask,
} from "../shell/context.tsx";
import { confirm, Dialog, FormDialog } from "../shell/dialog.tsx";
import { Field, SelectField } from "../shell/form.tsx";
import { useShownName, useTitle } from "./person.tsx";

/** Sends a message, after a question if it may have more readers than its writer expects. */
export function sendAfterQuestion(
  page: PageValue,
  target: string,
  body: PostBody,
  send: () => unknown,
): void {
  const { chat, texts } = page;
  const question = postQuestion(chat.model, target, withMentions(body), texts);
  if (question === undefined) return void send();
  const { text } = question;
  const [title, action] =
    question.kind === "opened"
      ? [texts.askOpenedTitle, texts.sendToEveryone]
      : [texts.askEveryoneTitle, texts.notifyEveryone];
  confirm(page, { title, text, action, onConfirm: send });
}

/** Returns why no message of the user is taken, or otherwise what may refuse one. */
export function usePostLimit(
  model: Model,
  room: RoomState | undefined,
  target: string,
): { readonly readOnly: ReadOnlyReason | undefined; readonly limit: string | undefined } {
  const { texts, times } = usePage();
  const [, setTicks] = useState(0);
  const now = Date.now();
  const readOnly = readOnlyReason(model, target, texts, times, now);
  const limit = readOnly === undefined ? postLimitText(model, target, texts, now) : undefined;
  const isWaiting = limit !== undefined && room?.kind === "room";
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setInterval(() => setTicks((ticks) => ticks + 1), SECOND_MS);
    return () => clearInterval(timer);
  }, [isWaiting]);
  return { readOnly, limit };
}

export function Knock({ room, name: user }: { readonly room: string; readonly name: string }) {
  const { chat, texts } = usePage();
  const task = useTask();
  const name = useShownName(user);
  const admit = () => task.run(() => chat.request("invite-user", { room, user }));
  const decline = () => task.run(() => chat.request("knock", { room, user, on: false }));
  return (
    <section className="offered knock" aria-label={texts.knocks}>
      <span dir="auto">{texts.knockOf(name)}</span>
      <Button aria-label={texts.admitKnock(name)} disabled={task.isBusy} onClick={admit}>
        {texts.admit}
      </Button>
      <Button aria-label={texts.declineKnock(name)} disabled={task.isBusy} onClick={decline}>
        {texts.decline}
      </Button>
      <FaultLine fault={task.fault} />
    </section>
  );
}

/** Shows the rules; moderators can change them. */
export function RulesDialog({ target, onClose }: CloseProps & { readonly target: string }) {
  const { texts } = usePage();
  const title = useTitle(target);
  const room = useModelValue((model) => roomOf(model, target));
  const mayChange = useModelValue(({ isOperator }) => isOperator) || room?.moderates === true;
  if (room === undefined) return null;
  if (mayChange) return <RulesForm room={room} onClose={onClose} />;
  return (
    <Dialog title={texts.rulesOf(title)} onClose={onClose}>
      <RuleList rules={room.rules} />
    </Dialog>
  );
}

function RuleList({ rules }: { readonly rules: RoomRules }) {
  const { texts } = usePage();
  const server = useModelValue(({ notices }) => notices.rules) ?? {};
  return <FactList facts={[...ruleFacts(rules, texts), ...serverLimits(server, texts)]} />;
}

export function FactList({ facts }: { readonly facts: readonly RuleFact[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function RulesForm({ room, onClose }: CloseProps & { readonly room: RoomState }) {
  const { texts, chat } = usePage();
  const title = useTitle(room.target);
  /** Other rules remain, because another moderator may change them at the same time. */
  const [changed, setChanged] = useState<RoomRules>({});
  const rules = { ...room.rules, ...changed };
  const isOperator = useModelValue((model) => model.isOperator);
  const [slow = `${room.rules.slow ?? ""}`, setSlow] = useState<string>();
  const [due = room.rules.due === undefined ? "" : dueTime(room.rules.due), setDue] =
    useState<string>();
  const [password, setPassword] = useState("");
  const change = (rule: RoomRules) => setChanged({ ...changed, ...rule });
  const [isInvalid, setInvalid] = useState(false);
  const save = () => {
    const seconds = slow.trim() === "" ? 0 : Number(slow);
    const isValid = Number.isInteger(seconds) && seconds >= 0 && seconds <= SLOW_SECONDS_MAX;
    setInvalid(!isValid);
    if (!isValid) return false;
    const { join } = rules;
    const isDueChanged = due !== (room.rules.due === undefined ? "" : dueTime(room.rules.due));
    const dueAt = due.trim() === "" ? 0 : parseDue(due.trim(), timesNow());
    const all = {
      ...changed,
      ...(isDueChanged && rules.post === "private" ? { due: dueAt } : {}),
      ...(seconds === (room.rules.slow ?? 0) ? {} : { slow: seconds }),
      ...(join === "password" && password !== "" ? { join, password } : {}),
    };
    return Object.keys(all).length === 0 ? undefined : chat.actions.setRules(room.name, all);
  };
  const hint = texts.ruleSlowHint(SLOW_SECONDS_MAX);
  const who = WHO.map((one) => [one, texts.ruleWho(one)] as const);
  const posters = POSTERS.map((one) => [one, texts.rulePoster(one)] as const);
  const ways = JOIN_RULES.map((one) => [one, texts.ruleJoinBy(one)] as const);
  return (
    <FormDialog title={texts.rulesOf(title)} action={texts.save} onSubmit={save} onClose={onClose}>
      <SelectField
        id="rule-post"
        label={texts.rulePost}
        value={rules.post ?? "everyone"}
        options={room.isSealed ? posters.slice(0, WHO.length) : posters}
        onChange={(post) => change({ post })}
      />
      {rules.post === "private" || room.rules.post === "private" || rules.boxes === "open" ? (
        <SelectField
          id="rule-boxes"
          label={texts.ruleBoxes}
          value={rules.boxes ?? "closed"}
          options={BOX_RULES.map((one) => [one, texts.ruleBoxesStay(one)] as const)}
          onChange={(boxes) => change({ boxes })}
        />
      ) : null}
      {rules.post === "private" ? (
        <Field
          id="rule-due"
          label={texts.ruleDue}
          hint={texts.ruleDueHint}
          value={due}
          onChange={setDue}
        />
      ) : null}
      {room.isSealed ? null : (
        <>
          <SelectField
            id="rule-topic"
            label={texts.ruleTopic}
            value={rules.topic ?? "everyone"}
            options={who}
            onChange={(topic) => change({ topic })}
          />
          <SelectField
            id="rule-join"
            label={texts.ruleJoin}
            value={rules.join ?? "open"}
            options={ways}
            onChange={(join) => change({ join })}
          />
        </>
      )}
      {rules.join === "password" ? (
        <Field
          id="rule-password"
          label={texts.newPassword}
          type="password"
          value={password}
          onChange={setPassword}
        />
      ) : null}
      <SelectField
        id="rule-everyone"
        label={texts.ruleEveryone}
        value={rules.everyone ?? ""}
        options={rules.everyone === undefined ? [["", texts.ruleBySize], ...who] : who}
        onChange={(everyone) => everyone !== "" && change({ everyone })}
      />
      {isOperator && !room.isSealed && room.target !== LOBBY ? (
        <SelectField
          id="rule-newcomers"
          label={texts.ruleNewcomers}
          value={rules.newcomers === true ? "on" : "off"}
          options={[
            ["off", texts.ruleNewcomersOff],
            ["on", texts.ruleNewcomersJoin],
          ]}
          onChange={(value) => change({ newcomers: value === "on" })}
        />
      ) : null}
      <Field
        id="rule-slow"
        label={texts.ruleSlow}
        fault={isInvalid ? hint : undefined}
        hint={isInvalid ? undefined : hint}
        value={slow}
        onChange={setSlow}
      />
    </FormDialog>
  );
}
