import { useCallback } from "react";
import { formatLeft, formatSize } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import type { Answer } from "../../wire/messages.ts";
import { Menu, type MenuItem, useMenu } from "./menu.tsx";
import { BanDialog } from "./office-bans.tsx";
import { moderateItems } from "./office-moderation.tsx";
import { FaultLine, type PageValue, usePage } from "./page-context.tsx";
import { usePolled } from "./polling.ts";

type Client = Answer<"clients">["clients"][number];

/** Pages of the list that are fetched: more people than anybody looks through. */
const PAGES_MAX = 10;

async function allClients({ chat }: PageValue): Promise<readonly Client[]> {
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

function clientItems(page: PageValue, { user, address }: Client): MenuItem[] {
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
  const page = usePage();
  const { texts } = page;
  const menu = useMenu();
  const name = cleanText(client.user ?? texts.notLoggedIn);
  const count = (n: number | undefined) => (n === undefined ? "–" : String(n));
  const traffic = (messages: number, bytes: number) => `${messages} · ${formatSize(bytes)}`;
  return (
    <tr>
      <th scope="row">
        <span dir="auto">{name}</span>
        {client.operator ? <span className="badge">{texts.operator}</span> : null}
        {client.lane ? <span className="badge">{texts.fileLane}</span> : null}
      </th>
      <td>
        <button
          type="button"
          className="icon-button"
          aria-haspopup="menu"
          aria-label={texts.actionsFor(name)}
          onClick={(event) => menu.open(event.currentTarget)}
        >
          …
        </button>
        {menu.anchor === undefined ? null : (
          <Menu
            label={texts.actionsFor(name)}
            items={clientItems(page, client)}
            anchor={menu.anchor}
            onClose={menu.close}
          />
        )}
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

export interface TableProps {
  readonly label: string;
  readonly heads: readonly string[];
  readonly children: React.ReactNode;
}

/** Wide tables scroll by themselves; the page does not. */
export function Table({ label, heads, children }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section className="table-box" aria-label={label} tabIndex={0}>
      <table>
        <caption className="sr-only">{label}</caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}

export function OfficeClients({ isOnline }: { readonly isOnline: boolean }) {
  const page = usePage();
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
      <Table label={texts.officeClients} heads={heads}>
        {value.map((client) => (
          <ClientRow key={client.client} client={client} />
        ))}
      </Table>
    </>
  );
}

export function OfficeTransfers({ isOnline }: { readonly isOnline: boolean }) {
  const { texts, chat } = usePage();
  const ask = useCallback(() => chat.request("transfers", {}), [chat]);
  const { value, fault } = usePolled(ask, isOnline);
  const heads = [texts.file, texts.name, texts.direction, texts.progress, texts.address];
  const transfers = value?.transfers ?? [];
  return (
    <>
      <FaultLine fault={fault} />
      {transfers.length === 0 ? <p className="hint">{texts.officeNone}</p> : null}
      {transfers.length === 0 ? null : (
        <Table label={texts.officeTransfers} heads={heads}>
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
