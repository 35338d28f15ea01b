package routines

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ronde/text"
)

// MonthDay is a day of each month. It is a number from 1 to 31, moved to the
// month's last day where it is shorter, or -1 for the last day; or else the n-th
// weekday, such as the second Tuesday or the last Friday. The zero MonthDay is none.
type MonthDay struct {
	Day int
	// Nth is which Weekday of the month it is, 1 to 5, or -1 for the last; then Day
	// is 0. A month without a fifth one is left out.
	Nth     int
	Weekday time.Weekday
}

const monthDayExample = `write 1 to 31, "last", or a weekday such as "2nd tuesday" or "last friday"`

// ParseMonthDay reads "15", "15th", "1er", "last" ("dernier", "-1"), or the n-th
// weekday in English or French: "2nd tuesday", "last friday", "1er lundi".
func ParseMonthDay(s string) (MonthDay, error) {
	words := strings.Fields(text.Fold(s))
	d, err := MonthDay{}, errors.New("")
	switch len(words) {
	case 1:
		d.Day, err = dayNumber(words[0])
	case 2:
		d, err = nthWeekday(words[0], words[1])
	}
	if err == nil {
		err = d.check()
	}
	if err != nil {
		return MonthDay{}, fmt.Errorf(`%q is not a day of the month; %s`, s, monthDayExample)
	}
	return d, nil
}

// dayNumber reads a number with or without its ending, or the word for the last
// day, which is -1.
func dayNumber(word string) (int, error) {
	if word == "last" || word == "dernier" {
		return -1, nil
	}
	for _, ending := range []string{"st", "nd", "rd", "th", "er", "eme", "e"} {
		if digits, ok := strings.CutSuffix(word, ending); ok {
			word = digits
			break
		}
	}
	return strconv.Atoi(word)
}

// ordinals are the words for the first to the fifth, without accents.
var ordinals = [5][3]string{
	{"first", "premier", "1re"}, {"second", "deuxieme", "2nde"}, {"third", "troisieme"},
	{"fourth", "quatrieme"}, {"fifth", "cinquieme"},
}

func nthWeekday(which, day string) (MonthDay, error) {
	weekday, err := ParseWeekday(day)
	if err != nil {
		return MonthDay{}, err
	}
	for i, words := range ordinals {
		for _, word := range words {
			if which == word && word != "" {
				return MonthDay{Nth: i + 1, Weekday: weekday.Weekday}, nil
			}
		}
	}
	n, err := dayNumber(which)
	return MonthDay{Nth: n, Weekday: weekday.Weekday}, err
}

func (d MonthDay) check() error {
	switch {
	case d.Nth == 0 && d.Day != 0 && d.Day >= -1 && d.Day <= 31:
		return nil
	case d.Nth == 0:
		return fmt.Errorf("no day %d; %s", d.Day, monthDayExample)
	case d.Day != 0 || d.Nth < -1 || d.Nth > 5:
		return fmt.Errorf("no %d. weekday of a month; %s", d.Nth, monthDayExample)
	}
	return Weekday{d.Weekday}.check()
}

// in returns the day within a month, or 0 when the month has none.
func (d MonthDay) in(year int, month time.Month) int {
	length := daysIn(year, month)
	switch {
	case d.Nth < 0:
		last := Date{year, month, length}.weekday()
		return length - int(last-d.Weekday+7)%7
	case d.Nth > 0:
		first := Date{year, month, 1}.weekday()
		day := 1 + int(d.Weekday-first+7)%7 + 7*(d.Nth-1)
		if day > length {
			return 0
		}
		return day
	case d.Day < 1 || d.Day > length:
		return length
	}
	return d.Day
}

// onOrAfter returns the first such day from day d on. No fifth weekday is more
// than a few months away.
func (d MonthDay) onOrAfter(day Date) (Date, bool) { return d.search(day, 1) }

// onOrBefore returns the last such day up to day d.
func (d MonthDay) onOrBefore(day Date) (Date, bool) { return d.search(day, -1) }

// search looks through a year of months, forwards or backwards.
func (d MonthDay) search(from Date, direction int) (Date, bool) {
	month := Date{from.Year, from.Month, 1}
	for range 13 {
		found := Date{month.Year, month.Month, d.in(month.Year, month.Month)}
		if found.Day > 0 && direction*found.Sub(from) >= 0 {
			return found, true
		}
		month = DateOf(time.Date(month.Year, month.Month+time.Month(direction), 1, 0, 0, 0, 0, time.UTC))
	}
	return Date{}, false
}

// UnmarshalText is ParseMonthDay.
func (d *MonthDay) UnmarshalText(b []byte) (err error) {
	*d, err = ParseMonthDay(string(b))
	return err
}

// String writes the day as the configuration does: "15", "last", "2nd tuesday".
func (d MonthDay) String() string {
	switch {
	case d.Nth != 0:
		return ordinal(d.Nth) + " " + Weekday{d.Weekday}.word()
	case d.Day == -1:
		return "last"
	}
	return strconv.Itoa(d.Day)
}

// ordinal writes a number as the English do: "1st", "22nd"; and "last" for -1.
func ordinal(n int) string {
	switch {
	case n < 0:
		return "last"
	case n/10 == 1:
	case n%10 == 1:
		return strconv.Itoa(n) + "st"
	case n%10 == 2:
		return strconv.Itoa(n) + "nd"
	case n%10 == 3:
		return strconv.Itoa(n) + "rd"
	}
	return strconv.Itoa(n) + "th"
}
