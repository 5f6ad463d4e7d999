// The words of the pages, Chinese first. Codes that have none are shown as they are.
const WORDS = {
  zh: {
    board: "守望 · 值守看板", sign_in: "登录", sign_out: "退出", login: "用户名", password: "密码", wrong: "用户名或密码不对",
    open_cases: "在办个案", crisis_cases: "红色危机", overdue: "已超时", within_10: "10 分钟内到期", nothing: "目前没有在办个案",
    stale: "数据可能不是最新：读取层暂时不可用，显示的是已有内容", due_in: "剩余", over_by: "超时", next: "下一时限", none_due: "无待办时限",
    case: "个案", subject: "对象", place: "地点", with_pupil: "谁在身边", callback: "回拨电话", what_happened: "报告内容", opened: "开案",
    why: "为什么是这个等级", obligations: "时限与责任", told: "已告知 / 未告知", chronology: "经过", actions: "操作", who: "谁", role: "角色",
    channel: "渠道", when: "何时", result: "结果", state: "状态", due: "到期", owner: "责任人", record: "登记完成", not_told: "未告知",
    acknowledge: "我已接手", waive: "豁免", request_help: "请求支援", conflict: "标记利益冲突", release: "解除暂停通知", level: "调整等级",
    join: "合并同一事件", settle: "处置完成", stand_down: "撤销（误报）", confirm_stand_down: "确认撤销", close: "结案", note: "记录",
    reason: "理由", performed_at: "实际完成时间", evidence: "凭据", person: "人员", send: "提交", cancel: "取消", outcome: "结论",
    applied: "已生效", refused: "未接受", pending: "已收到，尚未生效", unavailable: "系统暂时无法接收，请电话处理并稍后补录",
    level_attention: "关注", level_warning: "预警", level_high: "高危", level_crisis: "危机", level_normal: "正常",
    state_open: "待接手", state_acknowledged: "已接手", state_responding: "处置中", state_settled: "处置完成", state_monitoring: "持续关注",
    state_closed: "已结案", state_reopened: "重新打开", state_stood_down: "已撤销",
    ob_emergency_call: "拨打 120/110", ob_on_scene: "到达现场", ob_guardian_contact: "联系监护人", ob_phone_report: "电话报告",
    ob_written_report: "书面报告", ob_follow_up: "续报", ob_final_report: "终报", ob_interview: "面谈评估", ob_hold: "暂停通知待定",
    ob_mandatory_report: "强制报告", ob_hold_release: "暂停通知待定", ob_stand_down_confirm: "确认撤销",
    o_pending: "待完成", o_warned: "已提醒", o_breached: "超时未完成", o_met: "已完成", o_met_late: "逾期完成", o_waived: "已豁免",
    kind_self_harm: "自伤", kind_self_harm_risk: "自伤风险", kind_threat: "威胁", kind_bullying: "欺凌", kind_abuse_suspected: "疑似侵害",
    kind_accident: "意外", kind_missing: "失联", kind_panic: "一键报警", kind_wellbeing: "心理关注", kind_absent: "缺勤",
    kind_roll_missing: "未点名", kind_feed_silent: "无考勤数据", kind_attendance_doubt: "大面积缺勤待核实",
    kind_cluster: "聚集性情况", kind_exposure: "暴露名单", kind_absence_cluster: "同班多人缺勤", kind_attendance_pattern: "缺勤规律",
    kind_attendance_fell: "全校到校率下降", kind_retest: "重测",
    kind_mentor_contact: "一对一联系", kind_file_review: "档案复核", kind_report_late: "报告未报送", kind_screening_coverage: "排查覆盖", kind_contact_coverage: "家校沟通覆盖",
    ob_assessment: "专家评估", ob_exposure_list: "暴露名单", ob_watch_30d: "关注 30 天", ob_watch_90d: "关注 90 天",
    ob_plausibility: "判断是故障还是真实", ob_roll_taken: "完成点名", ob_rolls_come_again: "考勤数据恢复",
    j_queued: "列入访谈队列", kind_concern: "异常情况",
    place_on_campus: "校内", place_off_campus: "校外", place_unknown: "地点不明",
    role_first_acknowledger: "首位接手人", role_class_teacher: "班主任", role_grade_head: "年级组长", role_psych_teacher: "心理教师", role_duty_leader: "值班领导",
    role_duty_manager: "值班中层", role_principal: "校长", role_guardians: "监护人", role_bureau_duty: "教育局值班", role_county_designee: "县级专责人",
    role_county_centre: "县心理中心", role_last_responder: "最后响应人", role_police_liaison: "公安联络员", role_hospital: "医院绿色通道", role_spokesperson: "发言人",
    ch_voice: "语音电话", ch_sms: "短信", ch_wecom: "企业微信", ch_mail: "邮件", ch_webhook: "接口", ch_feed: "订阅",
    n_queued: "排队", n_accepted: "已发出", n_delivered: "已送达", n_reached: "已接听", n_acked: "已确认", n_refused: "被拒",
    n_failed: "失败", n_throttled: "被限流", n_cancelled: "已取消", n_expired: "已过期", n_unknown: "未知",
    sealed: "（无权查看）", opened_name: "已查看，读取已留痕", back: "返回看板", lang: "English", recorded_late: "补录",
    stream_off: "实时连接中断，正在重连",
    f_step: "步骤", f_firing: "轮次", f_people: "人数", f_policy: "预案", f_generation: "代", f_due: "到期", f_performed: "完成于", f_code: "内容",
    v_link: "短信链接", v_console: "看板", v_swctl: "命令行", v_phone: "按键", read: "查看", met: "登记完成", r_not_owed: "不是待完成事项",
    r_outcome: "需要结论", ob_contact: "联系家长", ob_safe_place: "安全安置", ob_review: "复核", ob_visit: "家访", ob_plan: "干预方案",
    j_ack_corrected: "接手更正", j_ack_expired: "接手已失效，重新呼叫", j_acked: "接手", j_acked_again: "再次接手", j_case_opened: "开案",
    j_closed: "结案", j_command: "操作", j_conflict_clear_asked: "申请解除冲突", j_conflict_cleared: "冲突已解除",
    j_conflict_set: "标记利益冲突", j_episode_opened: "新一轮事件", j_episodes_joined: "合并同一事件", j_held: "暂停通知",
    j_help_requested: "请求支援", j_hold_released: "解除暂停", j_last_responder_called: "呼叫最后响应人", j_level_lowered: "等级下调",
    j_level_raised: "等级上调", j_linked: "关联到人", j_monitoring: "转入持续关注", j_obligation_dropped: "时限撤下",
    j_plan_started: "启动预案", j_receipt: "通知回执", j_reopened: "重新打开", j_roster_gap: "值班缺口", j_seen: "已查看",
    j_settled: "处置完成", j_signal_joined: "信号并入", j_stand_down_confirmed: "撤销已确认", j_step_corrected: "步骤更正",
    j_step_fired: "呼叫发出", j_step_satisfied: "步骤完成", j_step_skipped: "步骤跳过", j_step_stopped: "步骤停止",
    j_step_unneeded: "步骤不再需要", j_steps_restarted: "重新呼叫", j_stood_down: "撤销", j_obligation_opened: "新增时限",
    j_obligation_warned: "时限提醒", j_obligation_breached: "超时", j_interview_over_capacity: "待约谈超出承载，已知会县区", j_obligation_met: "完成登记", j_obligation_met_late: "逾期完成",
    j_obligation_waived: "豁免", j_obligation_passed: "转请下一家", j_obligation_corrected: "时限更正", j_obligation_due: "时限到期", j_note: "记录", j_read: "查看",
    j_obligation_urged: "催办", j_obligation_answered: "接收方答复", j_obligation_revised: "报送新版本", f_version: "版本", f_digest: "摘要", j_handed_over: "交接", f_time: "次数", f_answer: "答复",
    sla: "时限监管", by_time_left: "按剩余时间", owed: "待完成", within_60: "1 小时内到期", unanswered: "待答复的报告", breaches_30: "30 天内超时",
    reports: "已报送、待接收方答复", by_school: "各单位", breach_history: "超时记录（30 天）", nothing_owed: "目前没有待完成事项", unit: "单位", kind: "类型",
    obligation: "事项", recipient: "接收方", all_units: "全部单位", all_roles: "全部责任角色", ledger: "导出台账（CSV）",
    urge: "催办", urged: "已催办", confirm: "确认", give_back: "退回", dispute: "有异议", returned: "退回", hand_over: "交接班", next_person: "接班人", hand_over_note: "交接说明",
    a_confirmed: "已确认", a_returned: "已退回", a_disputed: "有异议", r_too_soon: "刚刚催办过，请稍候", r_not_in_charge: "您的角色不能催办此事项",
    r_not_recipient: "您不是接收方", r_gate_not_met: "前提尚未全部完成", r_not_reported: "尚未报送", r_not_started: "时限尚未开始", r_denied: "无权操作", r_not_reachable: "此人无法联系",
    r_not_to_this_person: "不能交给此人", role_team_member: "临时辅导组成员", team: "临时辅导组", j_team_joined: "加入临时辅导组", j_team_left: "离开临时辅导组", f_until: "至", r_not_in_team: "不在临时辅导组内", r_not_for_team: "临时辅导组成员不能作此决定", r_end_in_past: "期限已过", r_end_too_far: "期限超过一年", r_too_many: "人数已满", r_unknown_person: "查无此人",
  },
  en: {
    board: "Shouwang · duty board", sign_in: "Sign in", sign_out: "Sign out", login: "User", password: "Password", wrong: "User or password is wrong",
    open_cases: "Open cases", crisis_cases: "Crises", overdue: "Overdue", within_10: "Due within 10 min", nothing: "No open case",
    stale: "This may be old: the read model is away; what is known is shown", due_in: "left", over_by: "over", next: "Next deadline", none_due: "nothing due",
    case: "Case", subject: "Subject", place: "Place", with_pupil: "Who is with the pupil", callback: "Ring back", what_happened: "Report", opened: "Opened",
    why: "Why this level", obligations: "Obligations", told: "Told and not told", chronology: "Chronology", actions: "Actions", who: "Who", role: "Role",
    channel: "Channel", when: "When", result: "Result", state: "State", due: "Due", owner: "Owner", record: "Record as done", not_told: "not told",
    acknowledge: "I have it", waive: "Waive", request_help: "Ask for help", conflict: "Mark a conflict", release: "Release hold", level: "Change level",
    join: "Join one happening", settle: "Settled", stand_down: "Stand down", confirm_stand_down: "Confirm stand-down", close: "Close", note: "Note",
    reason: "Reason", performed_at: "Performed at", evidence: "Evidence", person: "Person", send: "Send", cancel: "Cancel", outcome: "Outcome",
    applied: "Applied", refused: "Refused", pending: "Accepted, not yet applied", unavailable: "Not available: act by telephone and record it later",
    level_attention: "attention", level_warning: "warning", level_high: "high", level_crisis: "crisis", level_normal: "normal",
    state_open: "open", state_acknowledged: "acknowledged", state_responding: "responding", state_settled: "settled", state_monitoring: "monitoring",
    state_closed: "closed", state_reopened: "reopened", state_stood_down: "stood down",
    ob_emergency_call: "emergency call", ob_on_scene: "on the scene", ob_guardian_contact: "guardian contact", ob_phone_report: "phone report",
    ob_written_report: "written report", ob_follow_up: "follow-up report", ob_final_report: "final report", ob_interview: "interview", ob_hold: "hold decision",
    ob_mandatory_report: "mandatory report", ob_hold_release: "hold decision", ob_stand_down_confirm: "confirm stand-down",
    o_pending: "pending", o_warned: "warned", o_breached: "breached", o_met: "met", o_met_late: "met late", o_waived: "waived",
    kind_self_harm: "self-harm", kind_self_harm_risk: "self-harm risk", kind_threat: "threat", kind_bullying: "bullying", kind_abuse_suspected: "suspected abuse",
    kind_accident: "accident", kind_missing: "missing", kind_panic: "panic button", kind_wellbeing: "wellbeing", kind_absent: "absent",
    kind_roll_missing: "roll not taken", kind_feed_silent: "no attendance data", kind_attendance_doubt: "many absent at once",
    kind_cluster: "cluster", kind_exposure: "exposure list", kind_absence_cluster: "several absent of one class", kind_attendance_pattern: "pattern of absence",
    kind_attendance_fell: "attendance of the school fell", kind_retest: "to be tested again",
    kind_mentor_contact: "contact with a pupil", kind_file_review: "review of a pupil's file", kind_report_late: "report not in", kind_screening_coverage: "coverage of screening", kind_contact_coverage: "coverage of contacts",
    ob_assessment: "Expert's assessment", ob_exposure_list: "Exposure list", ob_watch_30d: "Watch for 30 days", ob_watch_90d: "Watch for 90 days",
    ob_plausibility: "Say whether it is a fault or real", ob_roll_taken: "Take the roll", ob_rolls_come_again: "The rolls come again",
    j_queued: "put into the interview queue", kind_concern: "concern",
    place_on_campus: "on campus", place_off_campus: "off campus", place_unknown: "place unknown",
    role_first_acknowledger: "first to acknowledge", role_class_teacher: "class teacher", role_grade_head: "grade head", role_psych_teacher: "psychology teacher", role_duty_leader: "duty leader",
    role_duty_manager: "duty manager", role_principal: "principal", role_guardians: "guardians", role_bureau_duty: "bureau duty desk", role_county_designee: "county designee",
    role_county_centre: "county centre", role_last_responder: "last responder", role_police_liaison: "police liaison", role_hospital: "hospital", role_spokesperson: "spokesperson",
    ch_voice: "voice", ch_sms: "SMS", ch_wecom: "WeCom", ch_mail: "mail", ch_webhook: "webhook", ch_feed: "feed",
    n_queued: "queued", n_accepted: "sent", n_delivered: "delivered", n_reached: "reached", n_acked: "acknowledged", n_refused: "refused",
    n_failed: "failed", n_throttled: "throttled", n_cancelled: "cancelled", n_expired: "expired", n_unknown: "unknown",
    sealed: "(not for you)", opened_name: "opened; the reading is in the journal", back: "Back to the board", lang: "中文", recorded_late: "recorded late",
    stream_off: "The live connection broke; reconnecting",
    f_step: "step", f_firing: "firing", f_people: "people", f_policy: "policy", f_generation: "generation", f_due: "due", f_performed: "performed", f_code: "of",
    v_link: "link", v_console: "board", v_swctl: "command line", v_phone: "key-press", read: "read", met: "recorded as done", r_not_owed: "not owed",
    r_outcome: "an outcome is needed", ob_contact: "contact parents", ob_safe_place: "safe place", ob_review: "review", ob_visit: "home visit", ob_plan: "plan",
    j_ack_corrected: "ack corrected", j_ack_expired: "ack expired", j_acked: "acked", j_acked_again: "acked again",
    j_case_opened: "case opened", j_closed: "closed", j_command: "command",
    j_conflict_clear_asked: "conflict clear asked", j_conflict_cleared: "conflict cleared",
    j_conflict_set: "conflict set", j_episode_opened: "episode opened", j_episodes_joined: "episodes joined",
    j_held: "held", j_help_requested: "help requested", j_hold_released: "hold released",
    j_last_responder_called: "last responder called", j_level_lowered: "level lowered",
    j_level_raised: "level raised", j_linked: "linked", j_monitoring: "monitoring",
    j_obligation_dropped: "obligation dropped", j_plan_started: "plan started", j_receipt: "receipt",
    j_reopened: "reopened", j_roster_gap: "roster gap", j_seen: "seen", j_settled: "settled",
    j_signal_joined: "signal joined", j_stand_down_confirmed: "stand down confirmed",
    j_step_corrected: "step corrected", j_step_fired: "step fired", j_step_satisfied: "step satisfied",
    j_step_skipped: "step skipped", j_step_stopped: "step stopped", j_step_unneeded: "step unneeded",
    j_steps_restarted: "steps restarted", j_stood_down: "stood down", j_obligation_opened: "obligation opened",
    j_obligation_warned: "obligation warned", j_obligation_breached: "obligation breached", j_interview_over_capacity: "more interviews than can be held, the county told",
    j_obligation_met: "obligation met", j_obligation_met_late: "obligation met late",
    j_obligation_waived: "obligation waived", j_obligation_passed: "the next one was asked", j_obligation_corrected: "obligation corrected",
    j_obligation_due: "obligation due", j_note: "note", j_read: "read",
    j_obligation_urged: "urged", j_obligation_answered: "recipient's answer", j_obligation_revised: "new version handed in", f_version: "version", f_digest: "digest", j_handed_over: "handed over", f_time: "time", f_answer: "answer",
    sla: "Deadlines", by_time_left: "By the time left", owed: "To be done", within_60: "Due within 1 h", unanswered: "Reports to answer", breaches_30: "Missed in 30 days",
    reports: "Reported, waiting for the recipient", by_school: "By school", breach_history: "Missed deadlines (30 days)", nothing_owed: "Nothing is owed now",
    unit: "Unit", kind: "Kind", obligation: "What", recipient: "Recipient", all_units: "All units", all_roles: "All owners", ledger: "Ledger (CSV)",
    urge: "Urge", urged: "urged", confirm: "Confirm", give_back: "Return", dispute: "Dispute", returned: "returned", hand_over: "Hand over", next_person: "Next person", hand_over_note: "What the next person must know",
    a_confirmed: "confirmed", a_returned: "returned", a_disputed: "disputed", r_too_soon: "urged a moment ago", r_not_in_charge: "not for your role to urge",
    r_not_recipient: "you are not the recipient", r_gate_not_met: "what must come before it is not met", r_not_reported: "not reported yet", r_not_started: "its clock has not started", r_denied: "not allowed",
    r_not_reachable: "cannot be reached", r_not_to_this_person: "not to this person", role_team_member: "member of the temporary team", team: "Temporary team", j_team_joined: "joined the temporary team", j_team_left: "left the temporary team", f_until: "until", r_not_in_team: "not in the temporary team", r_not_for_team: "not for a member of the temporary team", r_end_in_past: "the end is in the past", r_end_too_far: "the end is more than a year away", r_too_many: "too many", r_unknown_person: "no such person",
  },
};
let language = localStorage.getItem("lang") || "zh";
document.documentElement.lang = language;

// The word for a key, or for a code behind a prefix; the code itself when there is none.
function word(key, prefix = "") {
  return WORDS[language][prefix + key] ?? key;
}

function setLanguage() {
  localStorage.setItem("lang", language === "zh" ? "en" : "zh");
  location.reload();
}

// "9:41", "1:02:03", "3 d 4 h" of a positive number of milliseconds.
function span(ms) {
  const s = Math.floor(ms / 1000);
  const two = (n) => String(n).padStart(2, "0");
  if (s >= 172800) return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  if (s >= 3600) return `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  return `${Math.floor(s / 60)}:${two(s % 60)}`;
}

function clock(ms) {
  if (!ms) return "";
  return new Date(ms).toLocaleString(language === "zh" ? "zh-CN" : "en-GB",
    { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

// An element with attributes and children; text is always text, never markup.
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== undefined && child !== null && child !== false) node.append(child);
  }
  return node;
}

// Counts every element with data-due down, by the server's clock.
let clockOffsetMs = 0;
function tick() {
  const now = Date.now() + clockOffsetMs;
  for (const node of document.querySelectorAll("[data-due]")) {
    const left = Number(node.dataset.due) - now;
    node.textContent = span(Math.abs(left));
    node.classList.toggle("over", left < 0);
    node.classList.toggle("near", left >= 0 && left < 600000);
    const label = node.nextElementSibling;
    if (label) label.textContent = word(left < 0 ? "over_by" : "due_in");
  }
}
setInterval(tick, 500);

async function getJson(path) {
  const answer = await fetch(path, { headers: { accept: "application/json" } });
  if (answer.status === 401) location.href = "/login";
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

// Calls `changed` when the server says something changed, at most once every 300 ms; shows when the stream is away.
function follow(path, changed) {
  let waiting = null;
  const source = new EventSource(path);
  const banner = document.getElementById("stream-off");
  source.onopen = () => { banner.hidden = true; changed(); };
  source.onerror = () => { banner.hidden = false; };
  source.addEventListener("change", () => {
    waiting ??= setTimeout(() => { waiting = null; changed(); }, 300);
  });
}

function topBar(me) {
  return el("header", { class: "top" },
    el("a", { class: "brand", href: "/" }, word("board")),
    me ? el("a", { href: location.pathname === "/sla" ? "/" : "/sla" }, word(location.pathname === "/sla" ? "back" : "sla")) : null,
    el("span", { class: "spacer" }),
    me ? el("span", { class: "muted small" }, me.name || me.login) : null,
    el("button", { onclick: setLanguage }, word("lang")),
    me ? el("form", { method: "post", action: "/logout", style: "margin:0" }, el("button", {}, word("sign_out"))) : null);
}
