/* The hot place of a bin, and visitors that withdraw its block from a thread which waits (decision 3).

Model:     The owner (thread 0) takes, gives, waits, and opens a closed place again. A visitor (thread 1) withdraws the hot block, twice. Two blocks:
           one is hot at first, and the owner has the other one. The end of a wait is a plain store here: the proof needs no more.
Left out:  The magazines (bin.pml): a block that finds no hot place is in the depot here. More than one size: each is like this one.
Property:  Each block is in one place, and none is lost. A block becomes hot only where room for it is reserved, and a closed place without a note
           has no room. No thread waits for ever.

Runs:
  visits:

Mutations:
  NO_BARRIER: the visitor passes no process-wide barrier
  NO_SECOND_LOOK: the visitor does not look at the thread again after the barrier
  NO_LOOK_AT_PLACE: the visitor does not look whether the place is still closed
  PLACE_BEFORE_THREAD: the visitor looks at the place, then at the thread
  DROP_AT_NULL: the visitor takes an empty place for a sign that the owner has the block
  DROP_UNDECIDED: the visitor forgets what it cannot decide
  NOTE_LATE: the visitor closes the place, then notes the slot
  ROOM_LATE: the visitor clears the note, then releases the room
  STORE_CLOSED: the visitor closes the place by a store instead of a compare-and-swap
  NO_STAY_CLOSED: the owner that finds the place closed leaves it empty
  NO_LOCK: the owner puts the slot back without the lock
  NO_LOOK_AGAIN: the owner does not look at the note again under the lock
  RUNS_WHILE_WAITING: the owner uses its bin while the runtime calls it waiting
*/
#define THREADS 2
#define K 4
#define WAITS 0
#define HOT 1               /* 0, NO_ROOM, or a slot */
#define NOTE 2              /* WithdrawnBlocks._notes: 0 or a slot */
#define WORDS 3
#include "tso.h"

#define NO_ROOM 1
#define FIRST 2             /* the number of the first slot */
#define TURNS 4

#define IS_HOT 0
#define WITH_OWNER 1
#define IN_DEPOT 2
byte place[2];
byte room;                  /* BinRoom._hot, which only atomic operations change */
byte locked;                  /* the lock of visitors */
byte done;

#define TO(slot, from, to) assert(place[(slot) - FIRST] == from); place[(slot) - FIRST] = to

/* A wait begins by an atomic operation. It ends in endWait. */
#define BEGIN_WAIT d_step { FENCE(0); mem[WAITS] = 1 }

inline endWait()
{
#ifndef RUNS_WHILE_WAITING
  STORE(0, WAITS, 0)
#else
  skip
#endif
}

/* ThreadCache.TakeHot and Bin.StayClosed. */
inline takeHot()
{
  atomic { found = LOAD(0, HOT); if :: found > NO_ROOM -> TO(found, IS_HOT, WITH_OWNER) :: else fi };
  STORE(0, HOT, 0);
#ifndef NO_STAY_CLOSED
  if :: found == NO_ROOM -> STORE(0, HOT, NO_ROOM) :: else fi
#endif
}

/* WithdrawnBlocks.TryPutBack. Afterwards found is the slot, or 0. */
inline putBack()
{
  found = LOAD(0, NOTE);
  if
  :: found ->
#ifndef NO_LOCK
     BEGIN_WAIT;
     atomic { locked == 0 -> locked = 1 };
     endWait();
#endif
#ifndef NO_LOOK_AGAIN
     found = LOAD(0, NOTE);
#endif
     if
     :: found ->
        STORE(0, HOT, found);
        STORE(0, NOTE, 0)
     :: else
     fi;
#ifndef NO_LOCK
     atomic { FENCE(0); locked = 0 }
#endif
  :: else
  fi
}

/* ThreadCache.Opened, and BinRoom.TryReserveHot if the limits have room. */
inline opened()
{
  if
  :: LOAD(0, HOT) == NO_ROOM ->
     putBack();
     if
     :: !found ->
        found = room;
        if :: !found -> atomic { FENCE(0); assert(!room); room = 1 } :: else fi;
        STORE(0, HOT, 0)
     :: skip                /* Put back, or the limits have no room. */
     fi;
     found = 0
  :: else
  fi
}

/* AllocatePath.Take, and TryTakeCached out of line. */
inline take()
{
  takeHot();
  if
  :: found <= NO_ROOM ->
     opened();
     atomic { found = LOAD(0, HOT); if :: found > NO_ROOM -> TO(found, IS_HOT, WITH_OWNER) :: else fi };
     if
     :: found > NO_ROOM -> STORE(0, HOT, 0)
     :: else ->
        if
        :: atomic { place[0] == IN_DEPOT -> place[0] = WITH_OWNER }
        :: atomic { place[1] == IN_DEPOT -> place[1] = WITH_OWNER }
        :: skip
        fi
     fi
  :: else
  fi;
  found = 0
}

/* FreePath.Return. */
inline give(slot)
{
  if
  :: LOAD(0, HOT) == 0 -> atomic { assert(room); PUT(0, HOT, slot); TO(slot, WITH_OWNER, IS_HOT) }
  :: LOAD(0, HOT) != 0 -> atomic { TO(slot, WITH_OWNER, IN_DEPOT) }
  fi
}

proctype owner()
{
  byte found, turn;
  do
  :: turn < TURNS ->
     turn++;
     if
     :: take()
     :: place[0] == WITH_OWNER -> give(FIRST)
     :: place[1] == WITH_OWNER -> give(FIRST + 1)
     :: BEGIN_WAIT; endWait()
     fi
  :: break
  od;
  turn = 0;
  BEGIN_WAIT;
  done++
}

proctype visitor()
{
  byte rest, hot, slot, turn;
  bit ok;
  do
  :: turn < 2 ->
     turn++;
     atomic { locked == 0 -> locked = 1 };
     /* WithdrawnBlocks.Withdraw, if IsAtRest. */
     rest = LOAD(1, WAITS);
     hot = LOAD(1, HOT);
     if
     :: rest && hot > NO_ROOM ->
#ifndef NOTE_LATE
        STORE(1, NOTE, hot);
#endif
#ifdef STORE_CLOSED
        STORE(1, HOT, NO_ROOM);
        ok = 1;
#else
        CAS(1, HOT, hot, NO_ROOM);
#endif
#ifdef NOTE_LATE
        if :: ok -> STORE(1, NOTE, hot) :: else fi
#else
        if :: !ok -> STORE(1, NOTE, 0) :: else fi
#endif
     :: else
     fi;
     ok = 0;
     hot = 0;
     BARRIER(1);
#ifdef PLACE_BEFORE_THREAD
     hot = LOAD(1, HOT);
#endif
#ifndef NO_SECOND_LOOK
     rest = LOAD(1, WAITS);
#endif
     /* WithdrawnBlocks.Settle. */
     slot = LOAD(1, NOTE);
#ifdef NO_LOOK_AT_PLACE
     hot = NO_ROOM;
#elif !defined(PLACE_BEFORE_THREAD)
     hot = LOAD(1, HOT);
#endif
     if
     :: slot == 0
     :: slot && hot == NO_ROOM && rest ->
#ifndef ROOM_LATE
        atomic { FENCE(1); assert(room); room = 0 };
#endif
        STORE(1, NOTE, 0);
#ifdef ROOM_LATE
        atomic { FENCE(1); assert(room); room = 0 };
#endif
        atomic { TO(slot, IS_HOT, IN_DEPOT) }
     :: slot && hot > NO_ROOM -> STORE(1, NOTE, 0)
     :: slot && (hot == 0 || (hot == NO_ROOM && !rest)) ->
#ifdef DROP_AT_NULL
        if :: hot == 0 && rest -> STORE(1, NOTE, 0) :: else fi
#elif defined(DROP_UNDECIDED)
        STORE(1, NOTE, 0)
#else
        skip
#endif
     fi;
     atomic { FENCE(1); locked = 0 };
     rest = 0; hot = 0; slot = 0
  :: else -> break
  od;
  done++;
  done == 2;
  /* WithdrawnBlocks.TakeLast, after the end of the owner. */
  slot = (mem[HOT] == NO_ROOM -> mem[NOTE] : mem[HOT]);
  assert(place[0] != IS_HOT || slot == FIRST);
  assert(place[1] != IS_HOT || slot == FIRST + 1);
  assert(slot == 0 || place[slot - FIRST] == IS_HOT);
  assert(room == (mem[HOT] != NO_ROOM || mem[NOTE] != 0))
}

init
{
  atomic {
    mem[HOT] = FIRST;
    place[1] = WITH_OWNER;
    room = 1;
    run owner();
    run visitor()
  }
}
