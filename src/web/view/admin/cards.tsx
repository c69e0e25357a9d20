/** Cards with which people choose a password: whom they are for, and the page to print. */

import { useEffect, useState } from "react";
import { foldCase } from "../../../base/case-fold.ts";
import { compareNames, type Name } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import { allAccounts } from "../../../client/link/lists.ts";
import { isSameName } from "../../../core/model/item.ts";
import {
  CARDS_END,
  type Card,
  type CardTexts,
  cardHtml,
  cardsStart,
} from "../../../core/people/cards.ts";
import type { AccountEntry } from "../../../core/people/class-list.ts";
import type { ImportChange } from "../../../core/people/import-plan.ts";
import { inviteAddresses } from "../../input/invite-addresses.ts";
import { downloadFrom } from "../files/download.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { type CloseProps, FaultLine, type PageValue, usePage, useTask } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { Check, Field } from "../shell/form.tsx";
import { type DoneImport, type ImportRunOptions, performImport } from "./import-run.ts";

/** More people are found by a part of their name. */
const LISTED_MAX = 100;

export function importOptions({ chat, texts }: PageValue): ImportRunOptions {
  const { clock, entropy } = chat.platform;
  const [address] = inviteAddresses(location, chat.addresses, chat.isLocal);
  return {
    clock,
    entropy,
    request: chat.request,
    texts,
    origin: address?.origin ?? location.origin,
  };
}

/** @param lang the page's language */
function cardTexts(lang: string): Promise<CardTexts> {
  return lang === "id"
    ? import("../../../ui/messages/id/cards.ts").then((module) => module.INDONESIAN_CARDS)
    : import("../../../ui/messages/en/cards.ts").then((module) => module.ENGLISH_CARDS);
}

export function SaveCards({ cards }: { readonly cards: readonly Card[] }) {
  const page = usePage();
  const { texts, chat } = page;
  const task = useTask();
  const [hasGuide, setGuide] = useState(false);
  const save = async () => {
    const { origin } = importOptions(page);
    const server = { name: chat.model.server?.name ?? location.host, origin };
    const its = await cardTexts(texts.lang);
    const html = [
      cardsStart(server, its, hasGuide),
      ...cards.map((card) => cardHtml(server, card, its)),
      CARDS_END,
    ];
    const address = URL.createObjectURL(new Blob(html, { type: "text/html" }));
    downloadFrom(address, "cards.html");
    URL.revokeObjectURL(address);
  };
  return (
    <>
      <p className="hint">{texts.cardsExplained}</p>
      {chat.isLocal ? <p className="warning">{texts.inviteLoopback}</p> : null}
      <Check label={texts.cardsGuide} isOn={hasGuide} onChange={setGuide} />
      <Button variant="main" disabled={task.isBusy} onClick={() => task.run(save)}>
        {texts.cardsSave(cards.length)}
      </Button>
      <FaultLine fault={task.fault} />
    </>
  );
}

function shownName({ user, displayName }: AccountEntry): string {
  return cleanText(displayName === undefined ? user : `${displayName} (${user})`);
}

/** Makes new cards, because the server keeps no code that it could show again. */
export function CardsDialog({ onDone, onClose }: CloseProps & { readonly onDone: () => void }) {
  const page = usePage();
  const { texts, chat } = page;
  const task = useTask();
  const [accounts, setAccounts] = useState<readonly AccountEntry[]>();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [find, setFind] = useState("");
  const [done, setDone] = useState<DoneImport>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested once
  useEffect(() => {
    task.run(async () => {
      const all = await allAccounts(chat.request, { reverse: false, sort: "name" });
      const others = all
        .filter(({ user, removed }) => removed !== true && !isSameName(user, chat.model.me))
        .sort((a, b) => compareNames(shownName(a), shownName(b)));
      setAccounts(others);
      const waiting = others.filter(({ password, devices }) => !password && devices === 0);
      setChosen(new Set(waiting.map(({ user }) => user)));
    });
  }, []);
  const choose = (users: readonly string[], isOn: boolean) => {
    const next = new Set(chosen);
    for (const user of users) isOn ? next.add(user) : next.delete(user);
    setChosen(next);
  };
  const make = () =>
    task.run(async () => {
      const people = (accounts ?? []).filter(({ user }) => chosen.has(user));
      const changes = people.map(({ user, displayName }, i): ImportChange => {
        return { kind: "renew-code", line: i + 1, user: user as Name, displayName };
      });
      try {
        await performImport(importOptions(page), changes, setDone);
      } finally {
        onDone();
      }
    });
  const found = (accounts ?? []).filter((entry) =>
    foldCase(shownName(entry)).includes(foldCase(find)),
  );
  const isAll = found.length > 0 && found.every(({ user }) => chosen.has(user));
  return (
    <Dialog title={texts.cardsPrint} onClose={() => task.isBusy || onClose()}>
      {done !== undefined ? (
        <>
          <Announced kind="result">
            {done.isCut
              ? texts.importCut(done.changes, done.total)
              : texts.cardsMade(done.cards.length)}
          </Announced>
          {done.refused.map(({ line, text }) => (
            <p key={line} className="fault-line">
              {text}
            </p>
          ))}
          {done.cards.length === 0 ? null : <SaveCards cards={done.cards} />}
        </>
      ) : (
        <>
          <p>{texts.cardsAsk}</p>
          <Field id="cards-find" label={texts.findPerson} value={find} onChange={setFind} />
          {found.length === 0 ? null : (
            <Check
              label={texts.cardsAll(found.length)}
              isOn={isAll}
              onChange={(isOn) =>
                choose(
                  found.map(({ user }) => user),
                  isOn,
                )
              }
            />
          )}
          <div className="invitees">
            {found.slice(0, LISTED_MAX).map((entry) => (
              <Check
                key={entry.user}
                label={shownName(entry)}
                isOn={chosen.has(entry.user)}
                onChange={(isOn) => choose([entry.user], isOn)}
              />
            ))}
          </div>
          {found.length > LISTED_MAX ? (
            <p className="hint">{texts.others(found.length - LISTED_MAX)}</p>
          ) : null}
          {accounts !== undefined && found.length === 0 ? (
            <p className="hint">{texts.foundNothing}</p>
          ) : null}
          <div className="dialog-actions">
            <Button onClick={onClose}>{texts.cancel}</Button>
            <Button variant="main" disabled={task.isBusy || chosen.size === 0} onClick={make}>
              {texts.cardsMake(chosen.size)}
            </Button>
          </div>
        </>
      )}
      <FaultLine fault={task.fault} />
    </Dialog>
  );
}
