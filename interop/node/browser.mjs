// A browser without scripts: it follows redirects, keeps cookies and submits the first form of each page as it stands, but for
// the fields that a person is told to fill in.

export class Browser {
  #cookies = new Map(); // by host name, since browsers do not tell ports apart
  pages = 0; // forms submitted
  sent = []; // {url, method, body} of each request
  #fill;

  // fill are values by name for the fields of any form.
  constructor(fill = {}) {
    this.#fill = fill;
  }

  // cookies is what is sent to a host.
  cookies(host) {
    return [...(this.#cookies.get(host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  // follow goes from an address until it is sent to the callback, whose address it returns.
  async follow(from, callback) {
    let request = { url: new URL(from), method: 'GET' };
    for (let i = 0; i < 30; i++) {
      if (request.url.href.startsWith(callback)) return request.url.href;
      request = await this.#step(request);
    }
    throw new Error(`did not come to ${callback} in 30 requests`);
  }

  async #step({ url, method, body }) {
    this.sent.push({ url, method, body });
    const jar = this.#cookies.get(url.hostname) ?? new Map();
    this.#cookies.set(url.hostname, jar);
    const headers = { cookie: this.cookies(url.hostname) };
    if (body !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded';
    const response = await fetch(url, { method, body, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(line);
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    const location = response.headers.get('location');
    if (location !== null) return { url: new URL(location, url), method: 'GET' };
    const page = await response.text();
    if (response.status !== 200) throw new Error(`${url.pathname} answered ${response.status}: ${page}`);
    this.pages++;
    return submit(url, page, this.#fill);
  }
}

// submit makes the request of the first form on a page.
export function submit(at, page, fill = {}) {
  const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(page);
  if (form === null) throw new Error(`there is no form on ${at}`);
  const open = attributes(form[1]);
  const fields = new URLSearchParams();
  let pressed = false;
  for (const [, tag, raw, content] of form[2].matchAll(/<(input|select|textarea|button)\b((?:"[^"]*"|'[^']*'|[^>"'])*)>(?:([\s\S]*?)<\/\1>)?/gi)) {
    const a = attributes(raw);
    const name = a.name ?? '';
    switch (tag.toLowerCase()) {
      case 'input':
        if (['submit', 'button', 'reset', 'image', 'file'].includes(a.type)) break;
        if (['checkbox', 'radio'].includes(a.type) && !('checked' in a)) break;
        if (name in fill) fields.append(name, fill[name]);
        else if (name !== '') fields.append(name, a.value ?? (a.type === 'checkbox' || a.type === 'radio' ? 'on' : ''));
        break;
      case 'select':
        if (name !== '') fields.append(name, fill[name] ?? selected(content ?? ''));
        break;
      case 'textarea':
        if (name !== '') fields.append(name, decode(content ?? ''));
        break;
      case 'button':
        if (!pressed && (a.type ?? 'submit') === 'submit') {
          pressed = true;
          if (name !== '') fields.append(name, a.value ?? '');
        }
    }
  }
  const url = new URL(open.action || at.href, at);
  if ((open.method ?? 'get').toLowerCase() === 'post') return { url, method: 'POST', body: fields.toString() };
  url.search = fields.toString();
  return { url, method: 'GET' };
}

function selected(content) {
  const options = [...content.matchAll(/<option\b([^>]*)>([^<]*)/gi)].map(([, raw, text]) => ({ a: attributes(raw), text }));
  const chosen = options.findLast(({ a }) => 'selected' in a) ?? options[0];
  return chosen === undefined ? '' : chosen.a.value ?? decode(chosen.text.trim());
}

function attributes(raw) {
  const out = {};
  for (const [, name, double, single, bare] of raw.matchAll(/([^\s=/>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g)) {
    out[name.toLowerCase()] ??= decode(double ?? single ?? bare ?? '');
  }
  return out;
}

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    return String.fromCodePoint(hex !== undefined ? parseInt(hex, 16) : Number(decimal));
  });
}
