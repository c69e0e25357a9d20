import { useCallback } from "react";
import { formatLeft, formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import type { Answer } from "../../../wire/messages.ts";
import type { AllTexts } from "../../text/en-parts.ts";
import { FaultLine } from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import { usePartPage } from "../shell/part-page.ts";
import { usePolled } from "../shell/polling.ts";

function facts(stats: Answer<"stats">, texts: AllTexts): readonly (readonly [string, string])[] {
  const log = ({ records, bytes }: { records: number; bytes?: number | undefined }) =>
    texts.records(records, bytes === undefined ? "" : formatSize(bytes));
  return [
    [texts.version, cleanText(`${stats.version} · ${stats.runtime} · ${stats.platform}`)],
    [texts.running, formatLeft(Date.now() - stats.since)],
    [texts.nowOnline, `${stats.online} · ${texts.usersAndRooms(stats.users, stats.rooms)}`],
    [texts.memory, `${formatSize(stats.memoryBytes)} (heap ${formatSize(stats.heapBytes)})`],
    [texts.diskFree, stats.diskFreeBytes === undefined ? "–" : formatSize(stats.diskFreeBytes)],
    [texts.historySize, log(stats.history)],
    [texts.accountsSize, log(stats.accounts)],
    [texts.filesSize, texts.filesCount(stats.files.files, formatSize(stats.files.bytes))],
    [texts.sent, formatSize(stats.sentBytes)],
    [texts.received, formatSize(stats.receivedBytes)],
    [texts.queued, formatSize(stats.queuedBytes)],
  ];
}

function Registration() {
  const page = usePartPage();
  const { texts, chat } = page;
  const ask = useCallback(() => chat.request("registration", {}), [chat]);
  const { value, fault, again } = usePolled(ask);
  const isClosed = value?.closed === true;
  const action = isClosed ? texts.openRegistration : texts.closeRegistration;
  const change = () =>
    confirm(page, {
      title: action,
      text: isClosed ? texts.registrationOpen : texts.registrationClosed,
      action,
      onConfirm: async () => {
        await chat.request("registration", { closed: !isClosed });
        again();
      },
    });
  return (
    <section className="registration">
      <h2>{texts.registration}</h2>
      <p role="status">
        {value === undefined ? "" : isClosed ? texts.registrationClosed : texts.registrationOpen}
      </p>
      <FaultLine fault={fault} />
      <button type="button" className="button" disabled={value === undefined} onClick={change}>
        {action}
      </button>
    </section>
  );
}

export function DashboardServer({ isOnline }: { readonly isOnline: boolean }) {
  const { texts, chat } = usePartPage();
  const ask = useCallback(() => chat.request("stats", {}), [chat]);
  const { value, fault } = usePolled(ask, isOnline);
  return (
    <>
      <FaultLine fault={fault} />
      <dl className="facts">
        {(value === undefined ? [] : facts(value, texts)).map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <Registration />
    </>
  );
}
