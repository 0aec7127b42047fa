using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Arenas;

/// <summary>The plain rival of an arena: an object with two pointers into one block. It checks the room, and nothing else.</summary>
internal sealed class BumpPointer(int byteCount)
{
    private unsafe byte* _start;
    private unsafe byte* _next;
    private unsafe byte* _end;

    /// <summary>Frees all, and begins again.</summary>
    public void Reset()
    {
        unsafe
        {
            // SAFETY: the block has byteCount bytes, and lives as long as the process.
            if (_start == null)
            {
                _start = (byte*)NativeMemory.Alloc((nuint)byteCount);
            }

            _next = _start;
            _end = _start + byteCount;
        }
    }

    /// <summary>Allocates one element with a value.</summary>
    /// <safety>Valid until the next reset.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe T* New<T>(T value)
        where T : unmanaged
    {
        byte* place = _next;
        byte* end = place + sizeof(T);
        if (end > _end)
        {
            // A call could return, for all the JIT knows. Then each turn of a loop would store two words to the frame, and take a third longer.
            throw new InvalidOperationException("The block is full.");
        }

        _next = end;
        *(T*)place = value;
        return (T*)place;
    }
}
