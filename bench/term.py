"""Events of a made-up term, for swctl backtest: `term.py FOLDER [--pupils N] [--days N]` writes county.yaml and events.jsonl. On each
school day each pupil comes through the gate and is in a roll in the morning and in the afternoon; two in a hundred are absent;
once a month each is screened; now and then somebody reports something."""
import argparse
import datetime
import json
import pathlib
import random

SCHOOL_PUPILS, CLASS_PUPILS, SCREENED_EVERY_DAYS = 500, 40, 20
FIRST_DAY = datetime.date(2026, 9, 1)
REPORTS = ("concern", "bullying", "life_event", "accident", "self_harm")


def write_county(path, pupils):
    """Schools, classes, pupils; each pupil with the number by which systems know it."""
    schools = sorted({unit for unit, _, _ in pupils})
    classes = sorted({(unit, group) for unit, group, _ in pupils})
    lines = ["units:", '  - {id: made-up, kind: county, jurisdiction: fenyang, label: 编造的县, switchboard: "100-1000000"}']
    lines += [f'  - {{id: {unit}, kind: school, parent: made-up, jurisdiction: fenyang, label: 编造的学校, '
              f'switchboard: "100-1000000"}}' for unit in schools]
    lines += ["groups:"] + [f"  - {{unit: {unit}, id: g1, kind: grade, label: 编造}}" for unit in schools]
    lines += [f"  - {{unit: {unit}, id: {group}, kind: class, label: 编造, parent: g1}}" for unit, group in classes]
    lines += ["people:"] + [f'  - {{unit: {unit}, ref: {number}, kind: student, name: 编造, group: {group}, '
                            f'numbers: ["{number}"]}}' for unit, group, number in pupils]
    path.write_text("\n".join(lines) + "\n")


class Term:
    def __init__(self, pupils):
        self.pupils = [(f"made-up-{at // SCHOOL_PUPILS}", f"c{at % SCHOOL_PUPILS // CLASS_PUPILS}", f"n{at:06}") for at in range(pupils)]
        self.chance = random.Random(20260901)
        self.count = 0

    def event(self, kind, at, unit, number, **facts):
        self.count += 1
        time = f"{at.isoformat()}+08:00"
        data = {"unit": unit, "parties": [{"identifier": number, "role": "affected"}], **facts}
        return at, json.dumps({"specversion": "1.0", "id": f"t{self.count}", "source": "/made-up/term", "type": f"shouwang.{kind}",
                               "time": time, "data": data}, ensure_ascii=False)

    def screening(self, at, unit, number):
        low = self.chance.random() < 0.9
        items = [{"item": str(item + 1), "value": self.chance.randrange(2 if low else 4)} for item in range(7)]
        return self.event("screening.result", at, unit, number, instrument="GAD-7", version="2006", item_count=7,
                          answers={"items": items, "valid": True})

    def pupil_day(self, index, day, number_of_day):
        unit, _, number = self.pupils[index]
        moment = lambda hour, spread: (datetime.datetime.combine(day, datetime.time(hour)) +  # noqa: E731
                                       datetime.timedelta(seconds=self.chance.randrange(spread)))
        fate = self.chance.random()
        state = "absent_unexplained" if fate < 0.005 else "absent_explained" if fate < 0.02 else "present"
        if state == "present":
            yield self.event("attendance.returned", moment(7, 3000), unit, number, gate="g-main", state="present")
        yield self.event("attendance.roll", moment(8, 1800), unit, number, session="am", state=state)
        yield self.event("attendance.roll", moment(14, 1800), unit, number, session="pm", state=state)
        if (number_of_day + index) % SCREENED_EVERY_DAYS == 0:
            yield self.screening(moment(10, 3600), unit, number)
        if self.chance.random() < 0.002:
            yield self.event(f"incident.{self.chance.choice(REPORTS)}", moment(12, 3600), unit, number)

    def days(self, count):
        day = FIRST_DAY
        for number in range(count):
            while day.weekday() >= 5:
                day += datetime.timedelta(days=1)
            yield number, day
            day += datetime.timedelta(days=1)

    def write_events(self, path, days):
        with open(path, "w", encoding="utf-8") as file:
            for number, day in self.days(days):
                events = [event for index in range(len(self.pupils)) for event in self.pupil_day(index, day, number)]
                file.writelines(line + "\n" for _, line in sorted(events, key=lambda event: event[0]))


def main():
    parser = argparse.ArgumentParser(prog="term.py")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--pupils", type=int, default=2000)
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    term = Term(options.pupils)
    write_county(options.folder / "county.yaml", term.pupils)
    term.write_events(options.folder / "events.jsonl", options.days)
    print(f"{term.count} events of {options.pupils} pupils on {options.days} school days")


if __name__ == "__main__":
    main()
