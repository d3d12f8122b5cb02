// One page of a list, and the Link header that leads to the others.

export interface Page<Item> {
  readonly items: Item[];
  readonly headers: Record<string, string>;
}

export const largestPage = 100;
const usualPage = 30;

/**
 * A nonsensical `per_page` or `page` counts as absent, and a `per_page` that is too large as the
 * largest, as at GitHub.
 */
export function pageOf<Item>(all: readonly Item[], url: URL): Page<Item> {
  const perPage = Math.min(largestPage, positive(url, "per_page") ?? usualPage);
  const page = positive(url, "page") ?? 1;
  const last = Math.max(1, Math.ceil(all.length / perPage));
  const links = [
    ...(page > 1 ? [link(url, Math.min(page - 1, last), "prev")] : []),
    ...(page < last ? [link(url, page + 1, "next"), link(url, last, "last")] : []),
    ...(page > 1 ? [link(url, 1, "first")] : []),
  ];
  const items = all.slice((page - 1) * perPage, page * perPage);
  return { items, headers: links.length === 0 ? {} : { link: links.join(", ") } };
}

function positive(url: URL, parameter: string): number | null {
  const text = url.searchParams.get(parameter) ?? "";
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

function link(url: URL, page: number, relation: string): string {
  const target = new URL(url);
  target.searchParams.set("page", String(page));
  return `<${target.href}>; rel="${relation}"`;
}
