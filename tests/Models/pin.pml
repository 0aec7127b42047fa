/* Pins against close.

Model:     One slot, thread 0 its home. Thread 1 pins the block; the pin ends on thread 1 or 2, once. Thread 2 may pin it once more, from the
           pin alone, or borrow it, or close it. Thread 0 may borrow it, and closes it. Thread 0 takes the slot again as generation 2, and closes that.
Left out:  Resizes and other homes (exclusive.pml). The limit on the number of pins. The list by which the cleaner finds the last pin.
Property:  As in close.pml; and a block is not free while it is pinned.

Runs:
  pins:

Mutations:
  LOOK_BEFORE_COUNT: a pin reads the generation first, then counts
  NO_SHARE_FOR_PIN FEW: a pin of another thread leaves the slot biased
  NO_LOOK_AT_PINS: closing threads do not look at the count
  NO_FINISH_AFTER_PIN: the thread that ends the last pin does not give the block back
  NO_BARRIER_IF_PINNED: a closing thread that sees a pin passes no barrier
  LOOK_BEFORE_ANOTHER FEW: a pin from a pin looks whether that one has ended first, then counts
  NO_END_ONCE FEW: two copies of a pin end two pins
*/
#include "slot.h"

byte held;          /* 1 once the pin exists */
byte ended;         /* Pin._hasEnded */
byte done;

inline endOnce(t)
{
#ifdef NO_END_ONCE
  ok = held;
#else
  atomic { ok = held && !ended; if :: ok -> ended = 1 :: else fi };
#endif
  if :: ok -> endPin(t) :: else fi;
  ok = 0
}

proctype owner()
{
  LOCALS;
  if :: borrow(0, 1) :: skip fi;
  if
  :: closeHere(0, 1);
     if :: !ok -> close(0, 1) :: else fi
  :: skip
  fi;
  takeBack(0);
  if
  :: ok -> atomic { MOVE_STORE(0, before, Closing, Scoped); assert(hot == 0); hot = 1 }
  :: else
  fi;
  ok = 0;
  before = 0;
  if
#ifndef FEW
  :: hot ->
     atomic { hot = 0; g = LOAD(0, GEN); assert(g == G(2, Scoped)); TAKEN(2); g = 0; MOVE_STORE(0, 2, Scoped, Open) };
     if
     :: atomic { MOVE_STORE(0, 2, Open, Biased) }
     :: skip
     fi;
     closeHere(0, 2);
     if :: !ok -> close(0, 2) :: else fi
#endif
  :: else
  fi;
  done == 2; FENCE(0); FENCE(1); FENCE(2);
  takeRemote(0, 0);
  assert(mem[PINS] == 0);
  if
  :: ok -> skip
  :: !ok && !lent -> assert(hot == 1 && STATE(mem[GEN]) == Scoped)
  :: else -> assert(IS_OPEN(mem[GEN], 1))
  fi
}

proctype first()
{
  LOCALS;
  beginPin(1, 1);
  if
  :: ok -> held = 1; endOnce(1)
  :: else
  fi;
  FENCE(1);
  done++
}

proctype second()
{
  LOCALS;
  if
  :: held ->
     /* Pin.TryBeginAnother: also if the block is closed. */
#ifdef LOOK_BEFORE_ANOTHER
     ok = ended;
     count(2);
#else
     count(2);
     ok = ended;
#endif
     if
     :: ok -> uncount(2)
     :: else -> atomic { assert(lent == 1); pins++; pinned = 1 }; endPin(2)
     fi
  :: endOnce(2)
  :: borrow(2, 1)
  :: closeOwner(2, 1)
  fi;
  g = 0; CLEAR_HOME; ok = 0;
  FENCE(2);
  done++
}

init
{
  atomic {
    mem[HOME] = 1;
    if :: mem[GEN] = G(1, Open) :: mem[GEN] = G(1, Biased) fi;
    run owner();
    run first();
    run second()
  }
}
