using System.Diagnostics;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Faults;

/// <summary>One run of a body: its requests, its live blocks, and the number of the allocation that fails.</summary>
/// <param name="failing">The number of the allocation that fails, from 1; 0 if none does.</param>
/// <param name="first">The earlier run, in which no allocation failed; null in that run itself.</param>
internal sealed class FaultRun(int failing, FaultRun? first)
{
    private static readonly System.Reflection.Assembly s_library = typeof(NativeAllocator).Assembly;

    private readonly UninterruptedLock _lock = new();
    private readonly Dictionary<nint, (int Number, bool IsOfDefault)> _live = [];
    private readonly List<int> _abandoned = [];
    private readonly List<(nuint ByteCount, string Site)> _asked = [];
    private Exception? _thrown;
    private int _refusedThread;
    private bool _isOver;

    /// <summary>The number of allocations.</summary>
    public int Count => _asked.Count;

    /// <summary>Whether an exception was thrown because an allocation failed, and the library did not catch it on purpose.</summary>
    public bool WasThrown => Volatile.Read(ref _thrown) is not null;

    /// <summary>The number of the allocation that fails.</summary>
    public int Failing => failing;

    /// <summary>The line of the program that requested a block.</summary>
    public string SiteOf(int number) => number > 0 && number <= _asked.Count ? _asked[number - 1].Site : string.Empty;

    /// <summary>Notes a request. Returns its number, 0 if it must fail, or a negative number if the run is over.</summary>
    public int Ask(nuint byteCount)
    {
        using (_lock.Enter())
        {
            if (_isOver)
            {
                return -1;
            }

            // A refused thread that makes a new request has not thrown. A later exception has another reason.
            int thread = Environment.CurrentManagedThreadId;
            if (_refusedThread == thread)
            {
                _refusedThread = 0;
            }

            // The site is known as long as the run is like the first one. A stack walk takes a tenth of a millisecond.
            int index = _asked.Count;
            bool isKnown = first is not null && index < failing && index < first._asked.Count && first._asked[index].ByteCount == byteCount;
            _asked.Add((byteCount, isKnown ? first!._asked[index].Site : Walk()));
            if (index + 1 != failing)
            {
                return index + 1;
            }

            _refusedThread = thread;
            return 0;
        }
    }

    /// <summary>Notes a live block.</summary>
    /// <param name="block">Its address.</param>
    /// <param name="number">The result of <see cref="Ask"/>; a block without a positive number is not noted.</param>
    /// <param name="isOfDefault">Whether the block is the default allocator's.</param>
    public void Give(nint block, int number, bool isOfDefault)
    {
        using (_lock.Enter())
        {
            if (number > 0)
            {
                _live[block] = (number, isOfDefault);
            }
        }
    }

    /// <summary>Removes a block that was freed, or left the library. Returns its number; 0 if it was not noted.</summary>
    public int Take(nint block)
    {
        using (_lock.Enter())
        {
            return _live.Remove(block, out (int Number, bool IsOfDefault) taken) ? taken.Number : 0;
        }
    }

    /// <summary>Removes a bare block that was freed, perhaps by another flow, if it is the default allocator's.</summary>
    public void Forget(nint block)
    {
        using (_lock.Enter())
        {
            if (_live.TryGetValue(block, out (int Number, bool IsOfDefault) noted) && noted.IsOfDefault)
            {
                _ = _live.Remove(block);
            }
        }
    }

    /// <summary>Notes that a finalizer, or the end of its thread, freed a block.</summary>
    /// <param name="number">The result of <see cref="Take"/>.</param>
    public void NoteAbandoned(int number)
    {
        using (_lock.Enter())
        {
            if (number > 0)
            {
                _abandoned.Add(number);
            }
        }
    }

    /// <summary>Ends the run. Later requests do not count.</summary>
    public void End()
    {
        using (_lock.Enter())
        {
            _isOver = true;
        }
    }

    /// <summary>Notes that an exception is thrown on this thread. It counts if the failure is its reason.</summary>
    public void NoteThrown(OutOfMemoryException exception)
    {
        // The refused thread throws next, unless it returns false instead. Exceptions of other threads do not count.
        if (Volatile.Read(ref _refusedThread) == Environment.CurrentManagedThreadId && ThrowHelper.IsOutOfMemory(exception))
        {
            Volatile.Write(ref _refusedThread, 0);
            Volatile.Write(ref _thrown, exception);
        }
    }

    /// <summary>Notes that the library has caught an exception on purpose, and goes on another way.</summary>
    public void NoteRecovered(Exception met) => _ = Interlocked.CompareExchange(ref _thrown, null, met);

    /// <summary>The blocks that the body did not free: size, site, and whether a finalizer or the end of a thread freed the block.</summary>
    public (nuint ByteCount, string Site, bool IsAbandoned)[] Leaks()
    {
        using (_lock.Enter())
        {
            return
            [
                .. _live.Values.Select(noted => (noted.Number, IsAbandoned: false))
                    .Concat(_abandoned.Select(number => (Number: number, IsAbandoned: true)))
                    .OrderBy(lost => lost.Number)
                    .Select(lost => (_asked[lost.Number - 1].ByteCount, _asked[lost.Number - 1].Site, lost.IsAbandoned)),
            ];
        }
    }

    /// <summary>A sentence about the first request that differs from the first run's; null if none differs.</summary>
    /// <param name="other">The first run.</param>
    /// <param name="count">The number of allocations to compare.</param>
    public string? DifferenceTo(FaultRun other, int count)
    {
        for (int i = 0; i < count; i++)
        {
            string before = i < other.Count ? $"{other._asked[i].ByteCount:N0} bytes at {other._asked[i].Site}" : "nothing more";
            string now = i < Count ? $"{_asked[i].ByteCount:N0} bytes at {_asked[i].Site}" : "nothing more";
            if (i >= other.Count || i >= Count || other._asked[i].ByteCount != _asked[i].ByteCount)
            {
                return $"Allocation {i + 1:N0} asks for {now}; in the first run, for {before}.";
            }
        }

        return null;
    }

    /// <summary>The first frame outside the library whose line is known, or else the first frame outside.</summary>
    private static string Walk()
    {
        string? named = null;
        foreach (StackFrame frame in new StackTrace(fNeedFileInfo: true).GetFrames())
        {
            if (DiagnosticMethodInfo.Create(frame) is not { } method
                || method.DeclaringAssemblyName.StartsWith(s_library.GetName().Name + ",", StringComparison.Ordinal))
            {
                continue;
            }

            if (frame.GetFileName() is { Length: > 0 } file)
            {
                return $"{Path.GetFileName(file)}:{frame.GetFileLineNumber()}";
            }

            named ??= $"{method.DeclaringTypeName}.{method.Name}";
        }

        return named ?? "(unknown)";
    }
}
