import { type ReactNode, useCallback, useState } from "react";
import { FaultLine } from "../shell/context.tsx";
import { usePartPage } from "../shell/part-page.ts";
import { type Polled, usePolled } from "../shell/polling.ts";

interface Paged<One> {
  readonly all: readonly One[];
  readonly hasMore: boolean;
}

interface PagedList<One> extends Omit<Polled<Paged<One>>, "value">, Paged<One> {
  /** Shows one page more. */
  readonly showMore: () => void;
}

type Page<One> = { readonly list: readonly One[]; readonly next: number | undefined };

/** So many pages of a list as were asked for, asked anew as long as they are shown. */
export function usePagedList<One>(
  ask: (after: { readonly after?: number }) => Promise<Page<One>>,
): PagedList<One> {
  const [pages, setPages] = useState(1);
  const askAll = useCallback(async () => {
    const all: One[] = [];
    let next: number | undefined;
    for (let page = 0; page < pages; page++) {
      const answer = await ask(next === undefined ? {} : { after: next });
      all.push(...answer.list);
      next = answer.next;
      if (next === undefined) break;
    }
    return { all, hasMore: next !== undefined };
  }, [ask, pages]);
  const { value, fault, again } = usePolled(askAll);
  const showMore = useCallback(() => setPages((n) => n + 1), []);
  return { all: value?.all ?? [], hasMore: value?.hasMore ?? false, fault, again, showMore };
}

interface TableProps {
  readonly label: string;
  readonly heads: readonly string[];
  readonly children: ReactNode;
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

interface PagedTableProps<One> extends Omit<TableProps, "children"> {
  readonly list: PagedList<One>;
  readonly rowOf: (one: One) => ReactNode;
  /** What makes a new one. */
  readonly action: string;
  readonly onAction: () => void;
}

/** A list of the server, a page at a time, and the button that makes a new entry. */
export function PagedTable<One>(props: PagedTableProps<One>) {
  const { list, rowOf, action, onAction, label, heads } = props;
  const { texts } = usePartPage();
  const { all, hasMore, fault, showMore } = list;
  return (
    <>
      <div className="dashboard-bar">
        <button type="button" className="button" onClick={onAction}>
          {action}
        </button>
      </div>
      <FaultLine fault={fault} />
      {all.length === 0 ? (
        <p className="hint">{texts.dashboardNone}</p>
      ) : (
        <Table label={label} heads={heads}>
          {all.map(rowOf)}
        </Table>
      )}
      {hasMore ? (
        <div className="dashboard-bar">
          <button type="button" className="button" onClick={showMore}>
            {texts.dashboardShowMore}
          </button>
        </div>
      ) : null}
    </>
  );
}
