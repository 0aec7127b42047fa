namespace NativeBuffers.Primitives;

/// <summary>Makes the exceptions of the library: one place for each message.</summary>
internal static class ThrowHelper
{
    private const string Source = "NativeBuffers";

    public const string NotHandedOut = "The value names memory that this arena has not handed out, or that a scope has given back.";

    public const string OtherLife = "The value is of another arena, or from before this one was reset.";

    [SuppressMessage("Usage", "CA2201", Justification = "Exhausted memory is what the type is for, and what callers catch.")]
    public static OutOfMemoryException OutOfMemory(nuint byteCount, object allocator) =>
        OutOfMemory($"{allocator} could not allocate {byteCount:N0} bytes.");

    [SuppressMessage("Usage", "CA2201", Justification = "Exhausted memory is what the type is for, and what callers catch.")]
    public static OutOfMemoryException OutOfMemory(string why) => new(why) { Source = Source };

    /// <summary>Whether <see cref="OutOfMemory(string)"/> made an exception. A stack does not tell, because the JIT may inline the frame.</summary>
    public static bool IsOutOfMemory(OutOfMemoryException exception) => exception.Source == Source;

    [SuppressMessage("Usage", "CA2201", Justification = "It replaces the exception for exhausted memory, and must have its type.")]
    public static OutOfMemoryException OnPurpose(nuint byteCount, object allocator) =>
        new($"{allocator} could not allocate {byteCount:N0} bytes: its fault plan says that this request fails.");

    [SuppressMessage("Usage", "CA2201", Justification = "The allocator has no memory, and callers catch this type.")]
    public static OutOfMemoryException OnlyFrees(object allocator) =>
        new($"{allocator} only frees blocks, and has no function that allocates. Copy the elements to an owner of another allocator.");

    /// <summary>For an owner that is a class.</summary>
    public static ObjectDisposedException Disposed(string owner) =>
        new(owner, "The object no longer owns memory: it was disposed, or Move, Release or ToOwner has handed its memory on.");

    /// <summary>For a ref struct that members such as <c>Resize</c> change, and that the compiler may copy to call them.</summary>
    public static ObjectDisposedException DisposedOrCopied(string owner) =>
        new(owner, "The variable no longer owns memory: it was disposed, or a copy of it was disposed, moved or resized."
            + " A copy may be hidden: an `in` parameter, a readonly field and `using (variable)` make one.");

    /// <summary>For a value whose copies all mean one rental.</summary>
    public static ObjectDisposedException GivenBack(string value) =>
        new(value, "The buffer was given back, through this value or a copy; or it was resized, and goes on as the value that Resize returned.");

    /// <summary>For a borrow, or for retained memory.</summary>
    public static ObjectDisposedException Ended(string use) =>
        new(use, "The use of the memory has ended: this value, or a copy of it, was disposed.");

    /// <summary>For an index outside the elements.</summary>
    public static ArgumentOutOfRangeException NoElement(string name, long index, long count) =>
        new(name, index, count == 0 ? "There are no elements." : $"There is no element {index:N0}: {count:N0} are there, from 0 to {count - 1:N0}.");

    /// <summary>For an index from which a number of elements is used.</summary>
    public static ArgumentOutOfRangeException Outside(string name, long start, long length, long available) =>
        (ulong)start > (ulong)available ? StartsOutside(name, start, available) : EndsOutside(name, start, length, available);

    /// <summary>For a range that begins outside.</summary>
    public static ArgumentOutOfRangeException StartsOutside(string name, long start, long available, string what = "elements") =>
        new(name, start, $"A range cannot start at {start:N0}: {available:N0} {what} are there.");

    /// <summary>For a range that ends outside.</summary>
    public static ArgumentOutOfRangeException EndsOutside(string name, long start, long length, long available, string what = "elements") =>
        new(name, length, $"{length:N0} {what} from {start:N0} on are not inside: {available:N0} are there.");

    /// <summary>For a view as a type that cannot show any bytes.</summary>
    public static NotSupportedException Restricted(Type type) =>
        new($"Memory cannot be seen as {type.Name}: the type has padding, or not every bit pattern is a value of it.");

    /// <summary>For a view as another type that the bytes do not fill.</summary>
    public static ArgumentException NotWholeElements(string name, long byteCount, int elementSize) =>
        new($"{byteCount:N0} bytes are not a whole number of elements of {elementSize:N0} bytes.", name);

    /// <summary>For elements at an address that their type does not allow.</summary>
    public static ArgumentException NotAligned(string name, ulong position, ulong alignment) =>
        new($"Elements that start at {position:N0} are not aligned: the type needs a multiple of {alignment:N0}.", name);

    public static InvalidOperationException InUse() =>
        new("The memory is borrowed or pinned: it cannot be resized, released or moved before that ends.");

    public static InvalidOperationException TooManyPins(int most) =>
        new($"The memory has {most:N0} pins, which is the most: dispose what Pin and Retain return.");

    public static InvalidOperationException BeingResizedHere() =>
        new("This thread is resizing the memory, and its allocator has called the code that uses it: wait until the resize has ended."
            + " Meanwhile the owner may be disposed, and asked for its length.");

    public static InvalidOperationException HasShrunk(long length, long longest) =>
        new($"The owner has {length:N0} elements, and had {longest:N0}: a Memory<T> from before may reach past the end. Take a new one from the owner, and pin that.");

    public static InvalidOperationException TooLongForMemory(long length) =>
        new($"There are {length:N0} elements, and a span or Memory<T> cannot have more than {int.MaxValue:N0}: take a slice of them.");

    public static InvalidOperationException TooLongForCount(long count) =>
        new($"There are {count:N0} elements, and Count cannot be above {int.MaxValue:N0}: ask for LongCount, use indexes that are long,"
            + " or go through them with foreach. LINQ and other users of IList<T> ask for Count.");

    public static OverflowException TooFarForIndex(long index) =>
        new($"The element is at index {index:N0}, and IndexOf cannot return more than {int.MaxValue:N0}: call LongIndexOf.");

    public static ArgumentException TooShort(string name, long length, long available) =>
        new($"{length:N0} elements do not fit into {available:N0}.", name);

    public static InvalidOperationException Empty() => new("The list is empty. TryPop returns false for an empty list.");

    /// <summary>As the platform's sorts and searches do, and <see cref="List{T}"/>.</summary>
    public static InvalidOperationException NotCompared(Exception thrown) =>
        new("Two elements could not be compared: the comparer threw, or the type has no order and needs a comparer.", thrown);

    public static InvalidOperationException EnumeratedBefore() =>
        new("The references of this value were enumerated before, and the loop has ended the borrow: call References() for each foreach.");

    public static InvalidOperationException Changed() => new("The list was changed while it was enumerated: elements were added, removed, stored or sorted.");

    public static InvalidOperationException Misaligned(object allocator, nuint alignment) =>
        new($"{allocator} returned a block that does not start at a multiple of {alignment} bytes.");

    public static InvalidOperationException NoBlock(object allocator, nuint address, nuint byteCount) =>
        new($"{allocator} returned the address 0x{address:X}: a block of {byteCount:N0} bytes there would reach the last page of the address space. The address is neither used nor freed. Correct the allocator.");

    public static ArgumentOutOfRangeException SmallerBlock(nuint byteCount, nuint most) =>
        new(null, $"The block has no more than {most:N0} bytes, and not {byteCount:N0}: pass the size that the native method allocated.");

    public static ArgumentOutOfRangeException SmallerMapping(nuint byteCount) =>
        new(null, $"Some page of the {byteCount:N0} bytes is not mapped: pass the size that the native method mapped.");

    public static InvalidOperationException ArenaHasNoPosition() =>
        new("The arena has more than 32 GiB, and a reference can name an element only in the first 32. Use several arenas.");

    public static InvalidOperationException ScopeOpen() =>
        new("A scope of this arena is open: allocate from the innermost one, or dispose it first.");

    [SuppressMessage("Usage", "CA2201", Justification = "Exhausted memory is what the type is for, and what callers catch.")]
    public static OutOfMemoryException ArenaLimit(long limit, nuint byteCount) =>
        new($"The arena's limit of {limit:N0} bytes leaves no room for {byteCount:N0} more.");

    public static InvalidOperationException ArenaInUse() =>
        new("The arena is borrowed already: one borrow at a time, which that thread must end first.");

    [SuppressMessage("Usage", "CA2201", Justification = "Exhausted addresses are exhausted memory to callers.")]
    public static OutOfMemoryException OutOfAddresses(long byteCount) =>
        new($"The system has no {byteCount:N0} free addresses side by side for a region.");

    [SuppressMessage("Usage", "CA2201", Justification = "The system is short of memory, or of what it needs to keep count of it.")]
    public static OutOfMemoryException Refused(string verb, long start, long byteCount) =>
        new($"The system refused to {verb} the region's {byteCount:N0} bytes from {start:N0} on: memory is short, or the region is in too many pieces.");

    [SuppressMessage("Usage", "CA2201", Justification = "Memory that may be locked is exhausted.")]
    public static OutOfMemoryException NotLocked(long byteCount, string limit) =>
        new($"The system refused to lock {byteCount:N0} bytes in memory. {limit}");

    public static InvalidOperationException NotAllowed(long start, long byteCount, string needed) =>
        new($"The region's {byteCount:N0} bytes from {start:N0} on are not all {needed}.");

    public static ArgumentException NotWholePages(string name, long value, long pageByteCount) =>
        new($"A range of a region is whole pages of {pageByteCount:N0} bytes; {value:N0} is no multiple of that.", name);

    public static ArgumentException Unaligned(string name, long value, int alignment) =>
        new($"Elements of this type start at multiples of {alignment} bytes; {value:N0} is none.", name);
}
