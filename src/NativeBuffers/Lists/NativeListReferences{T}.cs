using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>References to the elements of a <see cref="NativeList{T}"/>, for one <c>foreach</c>, which borrows the list.</summary>
/// <remarks>
/// <para>Write <c>foreach (ref int n in list.References())</c>. The borrow begins with the call, and ends with the loop, also if an exception
/// leaves the loop. While it lasts, members that would move the elements throw. Without a <c>foreach</c>, call <see cref="Dispose"/>.</para>
/// </remarks>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Performance", "CA1815", Justification = "Enumerators are not compared.")]
public ref struct NativeListReferences<T> : IDisposable
    where T : unmanaged
{
    /// <summary>Far after the last element: another value has the borrow now.</summary>
    private const long HandedOver = long.MaxValue / 2;

    private Borrow<T> _borrow;
    private long _next;

    internal NativeListReferences(Borrow<T> borrow)
    {
        _borrow = borrow;
        _next = -1;
    }

    /// <summary>The current element. The reference cannot leave the loop.</summary>
    /// <exception cref="IndexOutOfRangeException">There is none: before the first one, after the last one, or after the end of the borrow.</exception>
    public readonly ref T Current
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _borrow[_next];
    }

    /// <summary>For <c>foreach</c>, which gets the borrow, and ends it.</summary>
    /// <exception cref="InvalidOperationException">This value was enumerated before, or a copy of it: call <c>References</c> for each loop.</exception>
    public NativeListReferences<T> GetEnumerator()
    {
        // A second loop would go on without the borrow that the first loop ends.
        NativeListReferences<T> enumerator = _next != HandedOver && _borrow.IsActive ? this : throw ThrowHelper.EnumeratedBefore();
        _next = HandedOver;
        return enumerator;
    }

    /// <summary>Moves to the next element; false after the last one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext() => ++_next < _borrow.Length;

    /// <summary>Ends the borrow.</summary>
    public void Dispose() => _borrow.Dispose();
}
