/* Slabs of slots that are discarded and made again, against threads that come too late.

Model:     A slab of two slots; the second one is always vacant. The first one has an owner in generation 1, and thread 0 is its home. Thread 0 closes
           it, takes its block out, and gives it to the table. Thread 2 trims: it discards the slab if all slots are vacant. Thread 0 takes a slot
           again, perhaps of the discarded slab, gives it to a second owner, and perhaps closes that, too. Thread 1 has a copy of generation 1, and pins,
           borrows, views or closes. Or it has a torn copy, with the generation of default.
Left out:  Bytes of a slot that are a forecast or nothing (UsesAtHome, Touched). A failed compare-and-swap, which gives a page memory again. Words that
           a discarded page kept, because the system did not empty it: each of them is written when the slot is made.
Property:  As in pin.pml; no copy of the first owner reaches the block of the second one; no generation comes twice; the count of pins ends at 0.

Runs:
  slabs:
  home: AT_HOME

Mutations:
  PINS_INSIDE: the count of pins is part of what is discarded
  OLD_GENERATION: a slab that is made again begins with the generations of the first time
  DISCARD_IN_PART: a slab is discarded although one of its slots is not vacant
  BELIEVE_DEFAULT: a copy with the generation of default, which is that of a discarded slot, is not refused at once
  MAKE_OUTSIDE: a discarded slab goes to the table before its pages are discarded
*/
#define WORDS 15
#define START 14            /* Slot.Start: the number of the generation whose block it is; 0 if there is none */
#include "slot.h"

#define WHOLE 2
#define IN_USE 0
#define LISTED 1            /* vacant, in the list of its slab */
#define TRIMMED 2           /* with the thread that trims */
#define DISCARDED 3
byte place;
byte vacant = 1;            /* SlotSlab.VacantCount */
byte raised;                /* the number that the slot begins with when it is made the next time */
byte owner = 1;             /* the owner that has the block, or had it last */
byte done;

/* FreePath.ReturnVacant and SlotTable.GiveList: the slot is the hot one of thread 0. */
inline give()
{
  hot = 0;
  STORE(0, START, 0);
  atomic { FENCE(0); assert(place == IN_USE && lent == 0); place = LISTED; vacant++ }
}

/* SlotTable.TakeList, and the next owner. The number is in n. */
inline take()
{
  if
  :: atomic { place == LISTED && bufCount[0] == 0 -> place = IN_USE; vacant--; n = NUMBER(mem[GEN]) }
  :: atomic { place == DISCARDED && bufCount[0] == 0 -> place = IN_USE; vacant = WHOLE - 1 };
     /* SlotSlab.MakeAgain, under the lock. */
     n = raised;
     STORE(0, START, 0);
     STORE(0, GEN, G(n, Scoped))
  fi;
  atomic { assert(lent == 0); lent = n; owner = 2; STORE(0, START, n) };
  MOVE_STORE(0, n, Scoped, Open)
}

proctype home_owner()
{
  LOCALS;
  byte n;
  closeHere(0, 1);
  if :: !ok -> close(0, 1) :: else fi;
  takeBack(0);
  if
  :: ok -> atomic { MOVE_STORE(0, before, Closing, Scoped); assert(hot == 0); hot = 1 }
  :: else
  fi;
  ok = 0;
  before = 0;
  if
  :: hot ->
     give();
     if
     :: take();
        if
        :: close(0, n)
        :: skip
        fi
     :: skip
     fi
  :: else
  fi;
  done == 2; FENCE(0); FENCE(1); FENCE(2);
  takeRemote(0, 0);
  assert(mem[PINS] == 0);
  if
  :: lent -> assert(IS_OPEN(mem[GEN], lent) && mem[START] == lent)
  :: else -> assert(ok || STATE(mem[GEN]) == Scoped)
  fi
}

proctype late()
{
  LOCALS;
  byte start;
  if
  :: beginPin(1, 1);
     if
     :: ok -> assert(owner == 1); endPin(1)
     :: else
     fi
  :: borrow(1, 1)
  :: closeOwner(1, 1)
  :: /* SharedHandle.TryView: the address first. */
     start = LOAD(1, START);
     g = LOAD(1, GEN);
     assert(!IS_OPEN(g, 1) || start == 1)
#ifdef BELIEVE_DEFAULT
  :: start = LOAD(1, START);
     g = LOAD(1, GEN);
     assert(g > Shared - Open || start == 0)
#endif
  fi;
  start = 0;
  g = 0;
  ok = 0;
  FENCE(1);
  done++
}

/* SlotTable.Trim and SlotSlab.Discard. */
#ifdef DISCARD_IN_PART
#define CAN_TRIM (vacant >= WHOLE - 1 && place != TRIMMED)
#else
#define CAN_TRIM (vacant == WHOLE)
#endif

#ifdef PINS_INSIDE
#define DISCARD_PINS mem[PINS] = 0
#else
#define DISCARD_PINS skip
#endif

#ifdef OLD_GENERATION
#define RAISED 1
#else
#define RAISED (NUMBER(LOAD(2, GEN)) + 1)
#endif

proctype trimmer()
{
  if
  :: atomic { CAN_TRIM && bufCount[2] == 0 -> vacant = 0; place = TRIMMED };
     raised = RAISED;
#ifdef MAKE_OUTSIDE
     place = DISCARDED;
#endif
     d_step { mem[GEN] = 0; mem[START] = 0; DISCARD_PINS };
#ifndef MAKE_OUTSIDE
     place = DISCARDED
#endif
  :: skip
  fi;
  done++
}

init
{
  atomic {
    mem[HOME] = 1;
    mem[START] = 1;
#ifdef AT_HOME
    if :: mem[GEN] = G(1, Open) :: mem[GEN] = G(1, Biased) fi;
#else
    mem[GEN] = G(1, Shared);
#endif
    run home_owner();
    run late();
    run trimmer()
  }
}
