'use strict';
// One screen per person: what each was told, newest first. A call rings until a key is pressed or it is refused.
const roles = {
  duty_leader: '值班领导', duty_manager: '值班干部', class_teacher: '班主任', grade_head: '年级主任', psych_teacher: '心理教师',
  principal: '校长', guardians: '监护人', bureau_duty: '教育局值班', county_designee: '县区专员', county_centre: '县区心理中心',
  last_responder: '最后响应人', police_liaison: '公安联络人', hospital: '医院', spokesperson: '新闻发言人',
};
const channels = { voice: '语音电话', sms: '短信', wecom: '企业微信', dingtalk: '钉钉', feishu: '飞书', mail: '邮件', webhook: '接口', feed: '数据通道' };
const states = { accepted: '已受理', delivered: '已送达', reached: '已应答', refused: '已挂断' };
const kept = 60;

const only = location.pathname.startsWith('/person/') ? decodeURIComponent(location.pathname.slice(8)) : null;
const main = document.getElementById('screens');
const screens = new Map();
const items = new Map();
main.classList.toggle('one', only !== null);

function keyOf(message) {
  return message.person || message.to;
}

function screenOf(message) {
  const key = keyOf(message);
  if (screens.has(key)) {
    return screens.get(key);
  }
  const node = document.getElementById('screen').content.cloneNode(true).firstElementChild;
  const link = node.querySelector('.role');
  link.textContent = roles[message.role] || message.role || '收件人';
  link.href = '/person/' + encodeURIComponent(key);
  node.querySelector('.to').textContent = message.to;
  main.querySelector('.empty')?.remove();
  main.append(node);
  screens.set(key, node);
  return node;
}

// Addresses in a text can be followed, shown short; everything else stays text.
function fillText(node, text) {
  node.textContent = '';
  for (const part of text.split(/(https?:\/\/[^\s，。；、）]+)/)) {
    if (/^https?:\/\//.test(part)) {
      const link = document.createElement('a');
      link.href = part;
      link.textContent = '打开链接 ' + part.replace(/^(https?:\/\/[^/]+\/[^/]*\/?)(.{6}).*/, '$1$2…');
      link.rel = 'noreferrer';
      node.append(link);
    } else {
      node.append(part);
    }
  }
}

async function press(message, state, digits) {
  const answer = await fetch('/v1/press', {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ notice_id: message.notice_id, state, digits }),
  });
  if (answer.ok) {
    show(await answer.json());
  }
}

function button(label, style, act) {
  const node = document.createElement('button');
  node.type = 'button';
  node.textContent = label;
  node.className = style;
  node.addEventListener('click', act);
  return node;
}

function fillButtons(node, message, open) {
  node.textContent = '';
  if (message.channel !== 'voice' || !open) {
    return;
  }
  for (const key of message.keys || '') {
    node.append(button('按 ' + key + ' 键', 'yes', () => press(message, 'reached', key)));
  }
  node.append(button('挂断', 'no', () => press(message, 'refused', '')));
}

function show(message) {
  if (only !== null && keyOf(message) !== only && message.to !== only) {
    return;
  }
  const list = screenOf(message).querySelector('.messages');
  let node = items.get(message.notice_id);
  if (!node) {
    node = document.getElementById('message').content.cloneNode(true).firstElementChild;
    items.set(message.notice_id, node);
    list.prepend(node);
    while (list.children.length > kept) {
      list.lastElementChild.remove();
    }
  }
  const open = message.state !== 'reached' && message.state !== 'refused';
  node.className = 'message ' + message.channel + (message.channel === 'voice' && open ? ' ringing' : '');
  node.querySelector('.channel').textContent = channels[message.channel] || message.channel;
  node.querySelector('time').textContent = new Date(Number(message.accepted_at)).toLocaleTimeString('zh-CN', { hour12: false });
  node.querySelector('.state').textContent = (states[message.state] || message.state) + (message.digits ? '（按键 ' + message.digits + '）' : '');
  fillText(node.querySelector('.text'), message.text.trimEnd());
  fillButtons(node.querySelector('.buttons'), message, open);
}

async function load() {
  const answer = await fetch('/v1/messages' + (only === null ? '' : '?screen=' + encodeURIComponent(only)));
  for (const message of await answer.json()) {
    show(message);
  }
  if (screens.size === 0) {
    const empty = document.createElement('p');
    empty.className = 'empty';
    empty.textContent = '还没有消息。';
    main.append(empty);
  }
}

function listen() {
  const link = document.getElementById('link');
  const events = new EventSource('/events');
  // What came between the list and the stream, or while the stream was away, is in the list.
  events.onopen = () => { link.textContent = ''; load(); };
  events.onmessage = (event) => show(JSON.parse(event.data));
  events.onerror = () => { link.textContent = '连接已断开，正在重连……'; };
}

load();
listen();
