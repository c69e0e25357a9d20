import { useCallback } from "react";
import { formatLeft, formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { FaultLine } from "../shell/context.tsx";
import { MenuButton, type MenuItem } from "../shell/menu.tsx";
import { type PartPage, usePartPage } from "../shell/part-page.ts";
import { usePolled } from "../shell/polling.ts";
import { BanDialog } from "./bans.tsx";
import { moderateItems } from "./moderation.tsx";
import { Table } from "./table.tsx";

type Client = Answer<"clients">["clients"][number];

/** Pages of the list that are fetched: more clients than an operator looks through. */
const PAGES_MAX = 10;

async function allClients({ chat }: PartPage): Promise<readonly Client[]> {
  const all: Client[] = [];
  for (let page = 0; page < PAGES_MAX; page++) {
    const after = all.at(-1)?.client;
    const asked = after === undefined ? {} : { after };
    const { clients, more } = await chat.request("clients", asked);
    all.push(...clients);
    if (!more) break;
  }
  return all;
}

/** Without the port: of an address the whole machine is meant. */
function hostOf(address: string): string {
  return address.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
}

function clientItems(page: PartPage, { user, address }: Client): MenuItem[] {
  const { texts, show } = page;
  const ban = (whom: string) => () =>
    show((close) => <BanDialog whom={whom} onClose={close} onDone={() => undefined} />);
  const host = hostOf(address);
  return [
    ...(user === undefined ? [] : moderateItems(page, user)),
    ...(user === undefined ? [] : [{ label: texts.banName, isDanger: true, onChoose: ban(user) }]),
    { label: texts.banAddress, isDanger: true, onChoose: ban(host) },
  ];
}

function ClientRow({ client }: { readonly client: Client }) {
  const page = usePartPage();
  const { texts } = page;
  const name = cleanText(client.user ?? texts.notLoggedIn);
  const count = (n: number | undefined) => (n === undefined ? "–" : String(n));
  const traffic = (messages: number, bytes: number) => `${messages} · ${formatSize(bytes)}`;
  return (
    <tr>
      <th scope="row">
        <span dir="auto">{name}</span>
        {client.operator ? <span className="badge">{texts.operator}</span> : null}
        {client.lane ? <span className="badge">{texts.fileChannel}</span> : null}
      </th>
      <td>
        <MenuButton label={texts.actionsFor(name)} items={() => clientItems(page, client)} />
      </td>
      <td>{cleanText(client.address)}</td>
      <td>{cleanText(client.transport)}</td>
      <td>{client.roundTripMs === undefined ? "–" : `${client.roundTripMs} ms`}</td>
      <td>{client.acknowledged}</td>
      <td>{count(client.retransmitted)}</td>
      <td>{traffic(client.sentMessages, client.sentBytes)}</td>
      <td>{traffic(client.receivedMessages, client.receivedBytes)}</td>
      <td>{formatSize(client.queuedBytes)}</td>
      <td>{formatLeft(Date.now() - client.since)}</td>
      <td>{cleanText(client.program)}</td>
    </tr>
  );
}

export function DashboardClients({ isOnline }: { readonly isOnline: boolean }) {
  const page = usePartPage();
  const { texts } = page;
  const ask = useCallback(() => allClients(page), [page]);
  const { value = [], fault } = usePolled(ask, isOnline);
  const heads = [
    texts.name,
    texts.more,
    texts.address,
    texts.transport,
    texts.roundTrip,
    texts.acknowledged,
    texts.retransmitted,
    texts.sent,
    texts.received,
    texts.queued,
    texts.connectedFor,
    texts.program,
  ];
  return (
    <>
      <FaultLine fault={fault} />
      <Table label={texts.dashboardClients} heads={heads}>
        {value.map((client) => (
          <ClientRow key={client.client} client={client} />
        ))}
      </Table>
    </>
  );
}

export function DashboardTransfers({ isOnline }: { readonly isOnline: boolean }) {
  const { texts, chat } = usePartPage();
  const ask = useCallback(() => chat.request("transfers", {}), [chat]);
  const { value, fault } = usePolled(ask, isOnline);
  const heads = [texts.file, texts.name, texts.direction, texts.progress, texts.address];
  const transfers = value?.transfers ?? [];
  return (
    <>
      <FaultLine fault={fault} />
      {transfers.length === 0 ? <p className="hint">{texts.dashboardNone}</p> : null}
      {transfers.length === 0 ? null : (
        <Table label={texts.dashboardTransfers} heads={heads}>
          {transfers.map(({ file, name, user, direction, doneBytes, sizeBytes, address, web }) => (
            <tr key={`${file} ${address}`}>
              <th scope="row" dir="auto">
                {cleanText(name)}
              </th>
              <td dir="auto">{cleanText(user)}</td>
              <td>
                {direction === "up" ? texts.up : texts.down}
                {web ? " (HTTP)" : ""}
              </td>
              <td>
                <progress
                  aria-label={texts.progress}
                  {...(sizeBytes === undefined
                    ? {}
                    : { value: doneBytes, max: Math.max(1, sizeBytes) })}
                />{" "}
                {formatSize(doneBytes)}
                {sizeBytes === undefined ? "" : ` / ${formatSize(sizeBytes)}`}
              </td>
              <td>{cleanText(address)}</td>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}
