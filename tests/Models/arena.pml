/* The entry of an arena that threads borrow in turn (NativeArenaOwner).

Model:     _state and _user. Threads 0 and 1 borrow the arena, and end the borrow, or end without doing so; thread 1 does so twice, or disposes the
           arena. Thread 2 is the finalizer: it closes the arena, also after the other threads have ended.
Left out:  Chunks, generations of scopes, and Reset, which belong to the thread that has entered.
Property:  One live thread at a time has entered. After Dispose has returned, no thread enters. The blocks are freed once, after
           the last thread has left, and in the end they are freed.

Runs:
  arena:

Mutations:
  PLAIN_ENTER: a thread enters by a load and a store
  PLAIN_TAKE_OVER: a thread takes the arena over from an ended thread by a load and a store
  TAKE_OVER_LIVE: a thread takes the arena over without a look whether the other thread has ended
  PLAIN_LEAVE: a thread leaves by a load and a store
  USER_AFTER_STATE: a thread that leaves clears the user after the state
  FREE_AT_CLOSE: a closing thread frees the blocks although a thread has entered
  NO_TAKE_OVER: a closing thread leaves an arena to an ended thread
*/
#define THREADS 3
#define WORDS 2
#define STATE 0
#define USER 1              /* 1 + a thread; 0 for null */
#define Open 0
#define InUse 1
#define Closing 2
#define Closed 3
#include "tso.h"

byte user;                  /* 1 + the thread that uses the arena */
byte ended[THREADS];
byte freed;
byte disposed;              /* 1 once a call of Dispose has returned */
byte done;

#define IS_ALIVE(id) (id != 0 && !ended[(id == 0 -> 0 : id - 1)])

/* NativeArenaOwner.TryTakeOver. Leaves its result in ok. */
inline tryTakeOver(t)
{
  before = LOAD(t, USER);
  ok = 0;
  if
#ifdef TAKE_OVER_LIVE
  :: before != 0 ->
#else
  :: before != 0 && !IS_ALIVE(before) ->
#endif
#ifdef PLAIN_TAKE_OVER
     STORE(t, USER, t + 1);
     ok = 1;
#else
     CAS(t, USER, before, t + 1);
#endif
     if
     :: ok -> entered(t)
     :: else
     fi
  :: else
  fi;
  before = 0
}

inline entered(t)
{
  atomic { assert(!freed && !IS_ALIVE(user)); user = t + 1 }
}

/* NativeArenaOwner.Enter. Leaves its result in ok. */
inline enter(t)
{
#ifdef PLAIN_ENTER
  state = LOAD(t, STATE);
  if :: state == Open -> STORE(t, STATE, InUse) :: else fi;
#else
  d_step { FENCE(t); state = mem[STATE]; mem[STATE] = (state == Open -> InUse : state) };
#endif
  ok = 0;
  if
  :: state == Open -> STORE(t, USER, t + 1); entered(t); ok = 1
  :: state == InUse -> tryTakeOver(t)
  :: else
  fi;
  state = 0
}

inline freeAll()
{
  atomic { assert(!freed && !IS_ALIVE(user)); freed = 1 }
}

/* NativeArenaOwner.Leave. */
inline leave(t)
{
  atomic { assert(user == t + 1); user = 0 };
#ifndef USER_AFTER_STATE
  STORE(t, USER, 0);
#endif
#ifdef PLAIN_LEAVE
  state = LOAD(t, STATE);
  if :: state == InUse -> STORE(t, STATE, Open) :: else fi;
#else
  d_step { FENCE(t); state = mem[STATE]; mem[STATE] = (state == InUse -> Open : state) };
#endif
#ifdef USER_AFTER_STATE
  STORE(t, USER, 0);
#endif
  if
  :: state == Closing -> STORE(t, STATE, Closed); freeAll()
  :: else
  fi;
  state = 0;
  ok = 0
}

/* NativeArenaOwner.Close. */
inline close(t)
{
  do
  :: state = LOAD(t, STATE);
     CAS(t, STATE, state, (state == Open || state == Closed -> Closed : Closing));
     if :: ok -> break :: else fi
  od;
  if
  :: state == Open -> freeAll()
#ifdef FREE_AT_CLOSE
  :: state == InUse -> freeAll()
#elif defined(NO_TAKE_OVER)
  :: state == InUse || state == Closing -> skip
#else
  :: state == InUse || state == Closing ->
     tryTakeOver(t);
     if :: ok -> leave(t) :: else fi
#endif
  :: state == Closed
  fi;
  disposed = 1;
  state = 0;
  ok = 0
}

inline borrow(t)
{
  was = disposed;
  enter(t);
  if
  :: ok ->
     assert(!was);
     if
     :: leave(t)
     :: atomic { FENCE(t) -> ended[t] = 1 }
     fi
  :: else
  fi;
  was = 0;
  ok = 0
}

proctype borrower(byte t)
{
  byte state, before, ok, was;
  borrow(t);
  if
  :: ended[t]
  :: !ended[t] && t == 1 ->
     if
     :: borrow(t)
     :: close(t)
     fi
  :: else
  fi;
  atomic { FENCE(t) -> ended[t] = 1; done++ }
}

proctype finalizer()
{
  byte state, before, ok;
  close(2);
  done == 2;
  if
  :: LOAD(2, STATE) != Closed -> close(2)
  :: else
  fi;
  FENCE(2);
  assert(freed && mem[STATE] == Closed)
}

init
{
  atomic {
    run borrower(0);
    run borrower(1);
    run finalizer()
  }
}
