/** Dialog for the passwords of the user's IRC clients. */

import { useEffect, useState } from "react";
import { cleanText } from "../../../base/text.ts";
import { ircSetup } from "../../../ui/text/irc-setup.ts";
import type { Answer } from "../../../wire/messages.ts";
import { Button } from "../shell/button.tsx";
import { FaultLine, usePage, useTask } from "../shell/context.tsx";
import { CopyLine } from "../shell/copy-line.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { Field } from "../shell/form.tsx";

export function IrcPasswordsDialog({ onClose }: { readonly onClose: () => void }) {
  const { texts, chat, times } = usePage();
  const task = useTask();
  const [answer, setAnswer] = useState<Answer<"irc-passwords"> | undefined>(undefined);
  const [label, setLabel] = useState("");
  const [created, setCreated] = useState<Answer<"irc-password"> | undefined>(undefined);
  const load = async () => setAnswer(await chat.request("irc-passwords", {}));
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested once
  useEffect(() => task.run(load), []);
  const create = task.onSubmit(async () => {
    setCreated(await chat.request("irc-password", { label: label.trim() || undefined }));
    setLabel("");
    await load();
  });
  const revoke = (id: number) =>
    task.run(async () => {
      await chat.request("irc-password-revoke", { id });
      if (created?.id === id) setCreated(undefined);
      await load();
    });
  return (
    <Dialog title={texts.ircPasswords} onClose={onClose}>
      <p>{texts.ircPasswordsExplained}</p>
      {answer === undefined ? null : (
        <p className="irc-setup">{ircSetup(texts, location.hostname, answer).join("\n")}</p>
      )}
      <form onSubmit={create}>
        <Field
          id="irc-password-label"
          label={texts.ircPasswordLabel}
          value={label}
          onChange={setLabel}
        />
        <Button type="submit" disabled={task.isBusy}>
          {texts.ircPasswordCreate}
        </Button>
      </form>
      <FaultLine fault={task.fault} />
      {created === undefined ? null : (
        <CopyLine id="irc-password" label={texts.ircPasswordOnce} text={created.password} />
      )}
      <ul className="plain-list">
        {answer?.passwords.map(({ id, label: known, since, online }) => {
          const name = cleanText(known ?? texts.ircPasswordUnnamed(id));
          const facts = [texts.deviceAdded(times.full(since))];
          if (online) facts.unshift(texts.ircPasswordOnline);
          return (
            <li key={id} className="device">
              <span>
                <strong dir="auto">{name}</strong>
                <br />
                <span className="hint">{facts.join(" · ")}</span>
              </span>
              <Button
                variant="small"
                aria-label={`${texts.ircPasswordRevoke}: ${name}`}
                disabled={task.isBusy}
                onClick={() => revoke(id)}
              >
                {texts.ircPasswordRevoke}
              </Button>
            </li>
          );
        })}
      </ul>
    </Dialog>
  );
}
